#include "oci/manifest.hpp"

#include <algorithm>
#include <array>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/text.hpp"
#include "oci/descriptor_json.hpp"
#include "oci/strict_json.hpp"

namespace moorgate::oci {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 32;
constexpr std::string_view kSchema1 = "application/vnd.docker.distribution.manifest.v1+json";
constexpr std::string_view kSchema1Signed =
    "application/vnd.docker.distribution.manifest.v1+prettyjws";
constexpr std::array kServed = {media_type::kOciManifest, media_type::kOciIndex,
                                media_type::kDockerManifest, media_type::kDockerList};

std::unexpected<Error> schema1_refused() {
  return invalid(
      "Docker image manifests of schema 1 are not supported: they cannot be verified by digest. "
      "Push the image again with a current client");
}

/// Whether the content can be had without this registry.
Result<bool> is_elsewhere(const json::object& object, std::string_view where) {
  auto urls = read_list(object, where, "urls");
  if (!urls) return failure(std::move(urls).error());
  auto data = read_text(object, where, "data");
  if (!data) return failure(std::move(data).error());
  return (*urls != nullptr && !(*urls)->empty()) || find(object, "data") != nullptr;
}

Role role_of_child(const Descriptor& descriptor) noexcept {
  const bool blob =
      !descriptor.media_type.empty() && !media_type::is_manifest(descriptor.media_type);
  return blob ? Role::layer : Role::child;
}

Result<ManifestLink> read_link(const json::value& value, Role role, std::string_view where) {
  const json::object* const object = value.if_object();
  if (object == nullptr) return wrong_type({}, where, "an object");
  auto descriptor = read_descriptor(*object, where);
  if (!descriptor) return failure(std::move(descriptor).error());
  auto elsewhere = is_elsewhere(*object, where);
  if (!elsewhere) return failure(std::move(elsewhere).error());
  const bool required = role != Role::subject && !*elsewhere &&
                        !media_type::is_nondistributable(descriptor->media_type);
  if (role == Role::child) role = role_of_child(*descriptor);
  return ManifestLink{.role = role, .descriptor = std::move(*descriptor), .required = required};
}

Result<> read_member(const json::object& body, std::string_view name, Role role,
                     std::vector<ManifestLink>& links) {
  const json::value* const value = find(body, name);
  if (value == nullptr) return {};
  auto link = read_link(*value, role, name);
  if (!link) return failure(std::move(link).error());
  links.push_back(std::move(*link));
  return {};
}

Result<> read_members(const json::object& body, std::string_view name, Role role,
                      std::vector<ManifestLink>& links) {
  auto list = read_list(body, {}, name);
  if (!list) return failure(std::move(list).error());
  if (*list == nullptr) return {};
  links.reserve(links.size() + (*list)->size());
  for (const json::value& value : **list) {
    const auto index = static_cast<std::size_t>(&value - (*list)->data());
    auto link = read_link(value, role, std::string(name) + "[" + std::to_string(index) + "]");
    if (!link) return failure(std::move(link).error());
    links.push_back(std::move(*link));
  }
  return {};
}

Result<std::vector<ManifestLink>> read_links(const json::object& body, std::string_view type) {
  std::vector<ManifestLink> links;
  Result<> read;
  if (media_type::is_index(type)) {
    read = read_members(body, "manifests", Role::child, links);
  } else {
    if (find(body, "config") == nullptr) return invalid("the manifest has no config");
    read = read_member(body, "config", Role::config, links);
    if (read) read = read_members(body, "layers", Role::layer, links);
  }
  // Docker's schema 2 knows no subject: there it is one more unknown member.
  const bool oci = type == media_type::kOciManifest || type == media_type::kOciIndex;
  if (read && oci) read = read_member(body, "subject", Role::subject, links);
  if (!read) return failure(std::move(read).error());
  return links;
}

Result<std::string> served_type(std::string_view type) {
  for (const std::string_view served : kServed) {
    if (equals_ignoring_case(type, served)) return std::string(served);
  }
  if (equals_ignoring_case(type, kSchema1) || equals_ignoring_case(type, kSchema1Signed)) {
    return schema1_refused();
  }
  return invalid("manifests of media type " + quoted(type) +
                 " are not supported; OCI image manifests and indexes and Docker's schema 2 are");
}

Result<std::string> type_by_shape(const json::object& body) {
  if (find(body, "config") != nullptr) return std::string(media_type::kOciManifest);
  // An empty index may have null for its list.
  if (body.contains("manifests")) return std::string(media_type::kOciIndex);
  return invalid(
      "the document is neither an image manifest nor an index: it has no config and no "
      "manifests");
}

/// CVE-2021-41190: one body must not be a manifest to one reader and an index to another.
Result<> check_shape(const json::object& body, std::string_view type) {
  const bool index = media_type::is_index(type);
  const auto present = [&body](std::string_view name) { return find(body, name) != nullptr; };
  const bool foreign = index ? present("config") || present("layers") : present("manifests");
  if (!foreign) return {};
  return invalid(index ? "the index also has a config or layers, as only image manifests have"
                       : "the image manifest also has manifests, as only an index has");
}

Result<> check_schema_version(const json::object& body) {
  const json::value* const version = find(body, "schemaVersion");
  if (version != nullptr && *version == 1) return schema1_refused();
  if (version != nullptr && *version != 2) return invalid("the manifest's schemaVersion must be 2");
  return {};
}

/// Empty when the body does not say.
Result<std::string> stated_type(const json::object& body) {
  auto stated = read_text(body, {}, "mediaType");
  if (!stated || stated->empty()) return stated;
  auto type = served_type(*stated);
  // Spelt in another case it would be another type to a stricter reader.
  if (type && *stated != *type) {
    return invalid("the manifest's mediaType must be written " + *type);
  }
  return type;
}

/// `announced` may be empty.
Result<std::string> unstated_type(const json::object& body, std::string announced) {
  if (announced.empty()) return type_by_shape(body);
  if (announced == media_type::kDockerManifest || announced == media_type::kDockerList) {
    return invalid("a manifest sent as " + announced + " must say so in its mediaType");
  }
  return announced;
}

bool says_nothing(std::string_view content_type) noexcept {
  return content_type.empty() || equals_ignoring_case(content_type, "application/json") ||
         equals_ignoring_case(content_type, "application/octet-stream");
}

/// The type that request and body agree on.
Result<std::string> agreed_type(const json::object& body, std::string_view content_type) {
  std::string announced;
  if (!says_nothing(content_type)) {
    auto known = served_type(content_type);
    if (!known) return known;
    announced = std::move(*known);
  }
  if (auto version = check_schema_version(body); !version) {
    return failure(std::move(version).error());
  }
  auto type = stated_type(body);
  if (type && type->empty()) type = unstated_type(body, announced);
  if (!type) return type;
  if (!announced.empty() && *type != announced) {
    return invalid("the manifest was sent as " + announced + " but its mediaType is " + *type);
  }
  if (auto shape = check_shape(body, *type); !shape) return failure(std::move(shape).error());
  return type;
}

Result<json::value> parse_object(std::string_view bytes) {
  auto document = parse_strict_json(bytes, kMaxDepth, "manifest");
  if (document && !document->is_object()) return invalid("the manifest is not a JSON object");
  return document;
}

std::string artifact_type_of(std::string own, const std::vector<ManifestLink>& links) {
  if (!own.empty() || links.empty() || links.front().role != Role::config) return own;
  return links.front().descriptor.media_type;
}

}  // namespace

bool media_type::is_manifest(std::string_view media_type) noexcept {
  return std::ranges::find(kServed, media_type) != kServed.end();
}

bool media_type::is_index(std::string_view media_type) noexcept {
  return media_type == kOciIndex || media_type == kDockerList;
}

bool media_type::is_nondistributable(std::string_view media_type) noexcept {
  return media_type.starts_with("application/vnd.oci.image.layer.nondistributable.v1.") ||
         media_type.starts_with("application/vnd.docker.image.rootfs.foreign.");
}

const Descriptor* Manifest::subject() const noexcept {
  const auto found = std::ranges::find(links, Role::subject, &ManifestLink::role);
  return found == links.end() ? nullptr : &found->descriptor;
}

Result<Manifest> Manifest::parse(std::string_view bytes, std::string_view content_type) {
  auto document = parse_object(bytes);
  if (!document) return failure(std::move(document).error());
  const json::object& body = document->get_object();
  auto type = agreed_type(body, content_type);
  if (!type) return failure(std::move(type).error());
  auto links = read_links(body, *type);
  if (!links) return failure(std::move(links).error());
  auto artifact_type = read_text(body, {}, "artifactType");
  if (!artifact_type) return failure(std::move(artifact_type).error());
  auto annotations = read_annotations(body, {});
  if (!annotations) return failure(std::move(annotations).error());
  return Manifest{.media_type = std::move(*type),
                  .artifact_type = artifact_type_of(std::move(*artifact_type), *links),
                  .links = std::move(*links),
                  .annotations = std::move(*annotations)};
}

Result<std::string> detect_media_type(std::string_view bytes) {
  auto document = parse_object(bytes);
  if (!document) return failure(std::move(document).error());
  return agreed_type(document->get_object(), {});
}

std::string render_index(const std::vector<Descriptor>& referrers) {
  json::array manifests;
  manifests.reserve(referrers.size());
  for (const Descriptor& referrer : referrers) manifests.emplace_back(to_json(referrer));
  json::object index;
  index["schemaVersion"] = 2;
  index["mediaType"] = media_type::kOciIndex;
  index["manifests"] = std::move(manifests);
  return json::serialize(index);
}

}  // namespace moorgate::oci
