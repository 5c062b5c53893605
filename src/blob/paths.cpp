#include "blob/paths.hpp"

#include <cstddef>

namespace moorgate::blob::paths {
namespace {

std::string join(std::string_view folder, std::string_view name) {
  std::string path;
  path.reserve(folder.size() + 1 + name.size());
  return path.append(folder).append("/").append(name);
}

}  // namespace

std::string blobs(oci::Algorithm algorithm) {
  return join("docker/registry/v2/blobs", to_string(algorithm));
}

std::string shard(oci::Algorithm algorithm, std::string_view prefix) {
  return join(blobs(algorithm), prefix);
}

std::string shard(const oci::Digest& digest) {
  return shard(digest.algorithm(), digest.hex().substr(0, 2));
}

std::string blob_folder(const oci::Digest& digest) {
  return join(shard(digest), digest.hex());
}

std::string blob_data(const oci::Digest& digest) {
  return join(blob_folder(digest), kData);
}

bool is_upload_id(std::string_view id) noexcept {
  if (id.size() != 36) return false;
  for (std::size_t i = 0; i < id.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f');
    if (dash ? id[i] != '-' : !hex) return false;
  }
  return true;
}

std::string upload_folder(std::string_view id) {
  return join(kUploads, id);
}

std::string upload_data(std::string_view id) {
  return join(upload_folder(id), kData);
}

std::string temporary_folder(std::uint64_t number) {
  return join(kTemporary, std::to_string(number));
}

}  // namespace moorgate::blob::paths
