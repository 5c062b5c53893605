#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "distribution/adoption_report.hpp"
#include "distribution/foreign_writer.hpp"
#include "meta/tree_metadata.hpp"
#include "net/blocking.hpp"

namespace moorgate::distribution {

struct AdoptionOptions {
  std::filesystem::path root;
  int folder = -1;  ///< The root, open.
  /// The tree is new to us: blobs are counted, and the log names what is unusable.
  bool first = false;
};

/// Makes the metadata say what the tree's links say, in one walk over them: the tree is right, and
/// nothing in it is changed. Repositories are read ahead on `disk` while earlier ones are written.
/// Whoever is interrupted calls it again. `unavailable` when another program writes to the tree
/// meanwhile; other errors when something cannot be read. Waits for the disk.
Result<AdoptionCounts> adopt_tree(const AdoptionOptions& options, meta::TreeMetadata& metadata,
                                  ForeignWriter& foreign, net::Blocking& disk);

}  // namespace moorgate::distribution
