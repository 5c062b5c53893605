#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/unique_fd.hpp"

namespace moorgate::distribution {

/// Notices another registry that writes to the same tree. Distribution knows no lock, but for every
/// new blob, manifests included, it makes a folder among the blobs; Moorgate never makes one there:
/// it renames whole folders into place. So a folder that is made there is somebody else's work.
/// What makes no blob (a tag moved to a manifest that is there, a deletion) is not noticed. Sees
/// this machine only. One thread.
class ForeignWriter {
 public:
  /// `root` has its folders already. Without inotify it notices nothing, and the log says so.
  explicit ForeignWriter(const std::filesystem::path& root);

  /// Whether it was noticed, now or earlier. Never waits.
  bool noticed();
  /// What to say to operators and clients.
  static std::string advice(const std::filesystem::path& root);

 private:
  UniqueFd events_;
  bool noticed_ = false;
};

}  // namespace moorgate::distribution
