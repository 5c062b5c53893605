#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "meta/tree_changes.hpp"
#include "oci/name.hpp"

namespace moorgate::distribution {

/// Something in the tree that is not served as it stands.
struct Finding {
  enum class Kind : std::uint8_t {
    unusable,    ///< Not served: a link to nothing, damaged bytes, a format we do not know.
    incomplete,  ///< Served, but something that it names is not there.
    left_alone,  ///< No content of the registry; left where it is.
  };
  Kind kind;
  std::string path;  ///< Relative to the storage root.
  std::string reason;
};

/// One repository of the tree, compared with what the metadata hold of it.
struct RepositoryScan {
  oci::RepositoryName name;
  /// What the metadata lack or have too much.
  meta::RepositoryChanges changes = {};
  std::vector<Finding> findings = {};
  std::uint64_t manifests = 0;
  std::uint64_t blobs = 0;
  std::uint64_t tags = 0;
  /// When links were written after the time that was asked for: the first of those times, in Unix
  /// nanoseconds.
  std::optional<std::int64_t> changed_ns = std::nullopt;
  /// Something is there but could not be read: nothing of the above may be believed.
  std::optional<Error> error = std::nullopt;
};

/// Reads every link of the repository in the tree at `root` (an open folder), and the bytes of each
/// manifest that `known` does not hold. The tree's sha512 aliases get their second name among the
/// blobs. Links written after `since_ns` (Unix) are told of. `files` counts along. For a pool's
/// thread: waits for the disk.
RepositoryScan scan_repository(int root, oci::RepositoryName name, meta::RepositoryContent known,
                               std::int64_t since_ns, std::atomic<std::uint64_t>& files);

}  // namespace moorgate::distribution
