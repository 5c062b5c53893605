#pragma once

#include <string>
#include <string_view>

#include "oci/digest.hpp"

/// Every path of the link files of Docker's registry (Distribution), relative to the storage root;
/// nothing here touches a disk. Its blobs are in blob/paths.hpp. Names and tags must have been
/// parsed: they become parts of a path.
namespace moorgate::distribution::paths {

inline constexpr std::string_view kRepositories = "docker/registry/v2/repositories";
inline constexpr std::string_view kBlobs = "docker/registry/v2/blobs";
/// What lies in each folder of a link: the text of a digest, without a newline.
inline constexpr std::string_view kLink = "link";

// ---- folders of a repository, relative to it. Nothing else in it begins with an underscore, for
// no part of a repository's name does.
inline constexpr std::string_view kLayers = "_layers";
inline constexpr std::string_view kRevisions = "_manifests/revisions";
inline constexpr std::string_view kTags = "_manifests/tags";
inline constexpr std::string_view kUploads = "_uploads";
/// Relative to a tag's folder.
inline constexpr std::string_view kCurrentLink = "current/link";
inline constexpr std::string_view kIndex = "index";

std::string repository(std::string_view name);

/// …/_layers/<algorithm>/<hex>: the repository may read this blob.
std::string layer(std::string_view name, const oci::Digest& digest);
/// …/_manifests/revisions/<algorithm>/<hex>: the repository has this manifest.
std::string revision(std::string_view name, const oci::Digest& digest);
/// …/_manifests/tags/<tag>
std::string tag(std::string_view name, std::string_view tag);
/// …/_manifests/tags/<tag>/current
std::string tag_current(std::string_view name, std::string_view tag);
/// …/_manifests/tags/<tag>/index/<algorithm>/<hex>: a digest that the tag has had.
std::string tag_index(std::string_view name, std::string_view tag, const oci::Digest& digest);

/// <algorithm>/<hex>, as it ends the paths above.
std::string digest_folder(const oci::Digest& digest);

std::string join(std::string_view folder, std::string_view name);

}  // namespace moorgate::distribution::paths
