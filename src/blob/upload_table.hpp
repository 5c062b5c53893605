#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/error.hpp"
#include "blob/hasher.hpp"

namespace moorgate::blob {

/// Which uploads have a session, and how far the others had been hashed: clients push a layer in
/// several requests, and without this the last one would read everything back. Any thread.
class UploadTable {
 public:
  struct Progress {
    Hasher hasher;
    std::uint64_t hashed = 0;
  };

  /// Remembers the progress of at most `limit` uploads without a session; one that is forgotten
  /// only costs a read.
  explicit UploadTable(std::size_t limit) : limit_(limit) {}

  /// blob_upload_invalid while another session holds the upload.
  Result<std::optional<Progress>> enter(const std::string& id);
  void leave(const std::string& id, std::optional<Progress> progress);
  void forget(const std::string& id);

 private:
  const std::size_t limit_;
  std::mutex mutex_;
  std::unordered_set<std::string> held_;
  std::unordered_map<std::string, Progress> idle_;
};

}  // namespace moorgate::blob
