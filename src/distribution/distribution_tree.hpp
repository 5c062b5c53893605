#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/error.hpp"
#include "config/reader.hpp"
#include "distribution/foreign_writer.hpp"
#include "meta/link_keeper.hpp"
#include "net/blocking.hpp"

namespace moorgate::distribution {

/// `keep_distribution_links` of the section storage.filesystem. nullopt, where it is not given: on
/// for a tree that was adopted, off otherwise.
std::optional<bool> parse_keep_links(const config::Reader& filesystem);

/// What the start has found out about the tree below a storage root.
struct DistributionTree {
  /// For the metadata store; null where links are not kept.
  std::unique_ptr<meta::LinkKeeper> links;
  std::unique_ptr<ForeignWriter> foreign;
};

/// Brings tree and metadata together before anything is served; the caller holds the root's lock
/// and has made its folders, and nothing has the metadata open. A tree of Docker's registry that
/// has no metadata is adopted. Where links are kept, what was cut short is finished, and what
/// another registry changed while Moorgate was stopped is taken over. Where they are to be kept
/// from now on, they are written. May be interrupted at any moment. The error is for the operator.
/// Waits for the disk, `disk`'s threads included.
Result<DistributionTree> open_tree(const std::filesystem::path& root,
                                   std::optional<bool> keep_links, net::Blocking& disk);

}  // namespace moorgate::distribution
