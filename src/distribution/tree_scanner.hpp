#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "distribution/repository_scan.hpp"
#include "oci/name.hpp"

namespace moorgate::distribution {

/// What the walk over the names found. Names in no order.
struct RepositoryNames {
  std::vector<oci::RepositoryName> names;
  std::vector<Finding> findings;
};

/// Every repository of the tree at `root` (an open folder): a folder below `repositories` with a
/// part of its own (_layers, _manifests, _uploads). Names nest. `unavailable` when a folder cannot
/// be read: what is there must not be taken for missing.
Result<RepositoryNames> find_repositories(int root);

struct BlobCount {
  std::uint64_t blobs = 0;
  std::uint64_t bytes = 0;
  std::vector<Finding> findings;
};
/// Walks all blobs, linked or not.
BlobCount count_blobs(int root, std::atomic<std::uint64_t>& files);

}  // namespace moorgate::distribution
