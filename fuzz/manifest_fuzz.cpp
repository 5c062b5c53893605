// Manifests: the request, the body and the detection agree on what it is, and what it names
// survives being listed in an index and read back.
#include "oci/manifest.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/parse.hpp>

namespace {

using namespace moorgate::oci;
using moorgate::Code;
using moorgate::Result;

constexpr std::array<std::string_view, 8> kContentTypes = {
    "",
    "application/json",
    media_type::kOciManifest,
    media_type::kOciIndex,
    media_type::kDockerManifest,
    media_type::kDockerList,
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "text/plain",
};

void require(bool holds) {
  if (!holds) std::abort();
}

/// The first byte chooses the content type.
std::string_view take_content_type(std::string_view& input) {
  if (input.empty()) return {};
  const auto choice = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  return kContentTypes[choice % kContentTypes.size()];
}

void check_type(const Manifest& manifest, std::string_view bytes, std::string_view content_type) {
  require(media_type::is_manifest(manifest.media_type));
  const bool announced = media_type::is_manifest(content_type);
  require(!announced || manifest.media_type == content_type);
  const auto again = Manifest::parse(bytes, manifest.media_type);
  require(again && again->links.size() == manifest.links.size());
  const auto detected = detect_media_type(bytes);
  require(!detected || announced || *detected == manifest.media_type);
}

void check_links(const Manifest& manifest) {
  const bool index = media_type::is_index(manifest.media_type);
  std::size_t configs = 0;
  std::size_t subjects = 0;
  for (const ManifestLink& link : manifest.links) {
    configs += link.role == Role::config ? 1 : 0;
    subjects += link.role == Role::subject ? 1 : 0;
    require(link.role != Role::child || index);
    require(link.role != Role::subject || !link.required);
  }
  require(configs == (index ? 0 : 1));
  require(subjects == (manifest.subject() == nullptr ? 0 : 1) && subjects <= 1);
}

void check_printing(const Manifest& manifest) {
  std::vector<Descriptor> named;
  named.reserve(manifest.links.size());
  for (const ManifestLink& link : manifest.links) named.push_back(link.descriptor);
  const auto read = Manifest::parse(render_index(named), media_type::kOciIndex);
  require(read && read->links.size() == named.size());
  for (std::size_t i = 0; i < named.size(); ++i) require(read->links[i].descriptor == named[i]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string_view content_type = take_content_type(bytes);
  const auto manifest = Manifest::parse(bytes, content_type);
  if (!manifest) {
    require(manifest.error().code == Code::manifest_invalid && !manifest.error().message.empty());
    return 0;
  }
  boost::json::error_code error;
  boost::json::parse({bytes.data(), bytes.size()}, error);
  require(!error);
  check_type(*manifest, bytes, content_type);
  check_links(*manifest);
  check_printing(*manifest);
  return 0;
}
