#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace moorgate::app {

/// Notices that files have changed, by looking once a second: it sees a rename over the file, a
/// truncation in place and a swapped symbolic link alike, on any file system. Main thread only.
class FileWatch {
 public:
  using Changed = std::function<void()>;

  /// `changed` runs once for a change of one or several of `files`, after they have stayed the
  /// same for one look, so that a half-written file is not read.
  void add(std::vector<std::filesystem::path> files, Changed changed);
  void look();

 private:
  struct Group {
    std::vector<std::filesystem::path> files;
    Changed changed;
    std::string acted_on;
    std::string last_seen;
  };
  std::vector<Group> groups_;
};

}  // namespace moorgate::app
