#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "oci/digest.hpp"

/// Every path of a file store, relative to its root; nothing here touches a disk. Blobs lie where
/// Distribution keeps them, so that its tree is adopted in place and can be given back; what is
/// Moorgate's own lies in one folder beside them.
namespace moorgate::blob::paths {

/// docker/registry/v2/blobs/<algorithm>
std::string blobs(oci::Algorithm algorithm);
/// docker/registry/v2/blobs/<algorithm>/<hh>; `prefix` is the first two hex digits.
std::string shard(oci::Algorithm algorithm, std::string_view prefix);
std::string shard(const oci::Digest& digest);
/// docker/registry/v2/blobs/<algorithm>/<hh>/<hex>
std::string blob_folder(const oci::Digest& digest);
/// docker/registry/v2/blobs/<algorithm>/<hh>/<hex>/data
std::string blob_data(const oci::Digest& digest);

inline constexpr std::string_view kData = "data";
inline constexpr std::string_view kOwn = ".moorgate";
inline constexpr std::string_view kUploads = ".moorgate/uploads";
/// Content on its way into place in one go; emptied at start.
inline constexpr std::string_view kTemporary = ".moorgate/tmp";
inline constexpr std::string_view kMetadata = ".moorgate/metadata.db";
/// Empty; stands there once all folders have been made and synced.
inline constexpr std::string_view kPrepared = ".moorgate/prepared";
/// Held (flock) by the process that uses the root; holds its pid.
inline constexpr std::string_view kLock = ".moorgate/lock";
/// What a start without a configuration file has made: certificate, password file.
inline constexpr std::string_view kDefaults = ".moorgate/defaults";

/// A UUID in lower case: the only names that ever become part of a path.
bool is_upload_id(std::string_view id) noexcept;
std::string upload_folder(std::string_view id);
std::string upload_data(std::string_view id);
std::string temporary_folder(std::uint64_t number);

}  // namespace moorgate::blob::paths
