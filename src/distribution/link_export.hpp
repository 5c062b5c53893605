#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "meta/link_keeper.hpp"
#include "meta/tree_metadata.hpp"

namespace moorgate::distribution {

/// Moves the tree's link files, if there are any, to .moorgate/links-<Unix time>, in one step and
/// durably. Blobs stay where they are.
Result<> put_links_aside(int root, const std::filesystem::path& where);

/// Writes the links of everything that the metadata hold. Idempotent.
Result<> export_links(meta::TreeMetadata& metadata, meta::LinkKeeper& links);

}  // namespace moorgate::distribution
