#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "meta/metadata_store.hpp"
#include "meta/sqlite.hpp"

namespace moorgate::meta {

/// What a repository holds, whole: for comparing it with a tree that another program writes, too.
struct RepositoryContent {
  std::unordered_set<oci::Digest> manifests;
  std::unordered_map<oci::Digest, std::uint64_t> blobs;  ///< Size by digest.
  std::unordered_map<std::string, oci::Digest> tags;
  bool empty() const noexcept { return manifests.empty() && blobs.empty() && tags.empty(); }
};

/// How a repository's metadata must change to say what a tree says. Times are Unix seconds.
struct RepositoryChanges {
  struct BlobLink {
    oci::Digest digest;
    std::uint64_t size = 0;
    std::int64_t linked_at = 0;
  };
  struct ManifestLink {
    NewManifest manifest;  ///< Without tags, precondition and who pushed it, which no tree tells.
    std::int64_t pushed_at = 0;
  };
  struct TagMove {
    std::string tag;
    /// What it pointed at, oldest first; the last is what it points at now.
    std::vector<std::pair<std::int64_t, oci::Digest>> moves;
  };
  std::vector<BlobLink> blobs = {};
  std::vector<ManifestLink> manifests = {};
  std::vector<TagMove> tags = {};
  /// What the metadata have and the tree does not.
  RepositoryContent gone = {};
};

namespace changes {

/// Takes what a tree says as it is: nothing is required to be there, nothing insisted on.
void adopt(Connection& db, const oci::RepositoryName& repository, const RepositoryChanges& changes,
           std::int64_t now);

}  // namespace changes

namespace queries {

RepositoryContent content(Connection& db, const std::string& repository);

}  // namespace queries
}  // namespace moorgate::meta
