#include "distribution/tree_paths.hpp"

namespace moorgate::distribution::paths {

std::string join(std::string_view folder, std::string_view name) {
  std::string path;
  path.reserve(folder.size() + 1 + name.size());
  return path.append(folder).append("/").append(name);
}

std::string repository(std::string_view name) {
  return join(kRepositories, name);
}

std::string digest_folder(const oci::Digest& digest) {
  return join(to_string(digest.algorithm()), digest.hex());
}

std::string layer(std::string_view name, const oci::Digest& digest) {
  return join(join(repository(name), kLayers), digest_folder(digest));
}

std::string revision(std::string_view name, const oci::Digest& digest) {
  return join(join(repository(name), kRevisions), digest_folder(digest));
}

std::string tag(std::string_view name, std::string_view tag) {
  return join(join(repository(name), kTags), tag);
}

std::string tag_current(std::string_view name, std::string_view of) {
  return join(tag(name, of), "current");
}

std::string tag_index(std::string_view name, std::string_view of, const oci::Digest& digest) {
  return join(join(tag(name, of), kIndex), digest_folder(digest));
}

}  // namespace moorgate::distribution::paths
