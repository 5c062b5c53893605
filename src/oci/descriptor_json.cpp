#include "oci/descriptor_json.hpp"

#include <boost/json/value.hpp>

namespace moorgate::oci {
namespace {

namespace json = boost::json;

std::string_view view(const json::string& text) noexcept {
  return {text.data(), text.size()};
}

Result<std::uint64_t> read_size(const json::object& object, std::string_view where) {
  const json::value* const value = find(object, "size");
  if (value != nullptr) {
    if (const auto* const number = value->if_uint64()) return *number;
    const auto* const number = value->if_int64();
    if (number != nullptr && *number >= 0) return static_cast<std::uint64_t>(*number);
  }
  return wrong_type(where, "size", "a whole number of bytes");
}

Result<Digest> read_digest(const json::object& object, std::string_view where) {
  const json::value* const value = find(object, "digest");
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  if (text == nullptr) return wrong_type(where, "digest", "a string");
  auto digest = Digest::parse(view(*text));
  if (!digest) {
    return invalid("the manifest's " + std::string(where) + ": " + digest.error().message);
  }
  return digest;
}

}  // namespace

std::unexpected<Error> invalid(std::string message) {
  return failure(Code::manifest_invalid, std::move(message));
}

const json::value* find(const json::object& object, std::string_view name) noexcept {
  const json::value* const value = object.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::unexpected<Error> wrong_type(std::string_view where, std::string_view name,
                                  std::string_view wanted) {
  std::string member(where);
  if (!member.empty()) member += '.';
  return invalid("the manifest's " + member.append(name) + " must be " + std::string(wanted));
}

Result<std::string> read_text(const json::object& object, std::string_view where,
                              std::string_view name) {
  const json::value* const value = find(object, name);
  if (value == nullptr) return std::string();
  const json::string* const text = value->if_string();
  if (text == nullptr) return wrong_type(where, name, "a string");
  return std::string(view(*text));
}

Result<const json::array*> read_list(const json::object& object, std::string_view where,
                                     std::string_view name) {
  const json::value* const value = find(object, name);
  if (value == nullptr) return nullptr;
  const json::array* const list = value->if_array();
  if (list == nullptr) return wrong_type(where, name, "a list");
  return list;
}

Result<Annotations> read_annotations(const json::object& object, std::string_view where) {
  Annotations annotations;
  const json::value* const value = find(object, "annotations");
  if (value == nullptr) return annotations;
  const json::object* const members = value->if_object();
  if (members == nullptr) return wrong_type(where, "annotations", "an object");
  annotations.reserve(members->size());
  for (const auto& member : *members) {
    const json::string* const text = member.value().if_string();
    if (text == nullptr) return wrong_type(where, "annotations", "strings by name");
    annotations.emplace_back(std::string(member.key()), view(*text));
  }
  return annotations;
}

Result<Descriptor> read_descriptor(const json::object& object, std::string_view where) {
  auto type = read_text(object, where, "mediaType");
  if (!type) return failure(std::move(type).error());
  auto digest = read_digest(object, where);
  if (!digest) return failure(std::move(digest).error());
  auto size = read_size(object, where);
  if (!size) return failure(std::move(size).error());
  auto artifact_type = read_text(object, where, "artifactType");
  if (!artifact_type) return failure(std::move(artifact_type).error());
  auto annotations = read_annotations(object, where);
  if (!annotations) return failure(std::move(annotations).error());
  return Descriptor{.media_type = std::move(*type),
                    .digest = std::move(*digest),
                    .size = *size,
                    .artifact_type = std::move(*artifact_type),
                    .annotations = std::move(*annotations)};
}

json::object to_json(const Descriptor& descriptor) {
  json::object object;
  object["mediaType"] = descriptor.media_type;
  object["digest"] = descriptor.digest.text();
  object["size"] = descriptor.size;
  if (!descriptor.artifact_type.empty()) object["artifactType"] = descriptor.artifact_type;
  if (!descriptor.annotations.empty()) {
    json::object annotations;
    for (const auto& [name, value] : descriptor.annotations) annotations[name] = value;
    object["annotations"] = std::move(annotations);
  }
  return object;
}

}  // namespace moorgate::oci
