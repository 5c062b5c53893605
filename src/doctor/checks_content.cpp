#include "doctor/checks_content.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/text.hpp"

namespace moorgate::doctor {
namespace {

namespace json = boost::json;

/// A member of an object, or nullptr.
const json::value* member_of(const json::value& value, std::string_view name) {
  const auto* object = value.if_object();
  return object ? object->if_contains(name) : nullptr;
}

std::optional<std::string> text_of(const json::value* value) {
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

std::optional<json::value> parse(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error) return std::nullopt;
  return value;
}

}  // namespace

Header accept_manifests() {
  return {"Accept",
          "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
          "application/vnd.docker.distribution.manifest.list.v2+json, "
          "application/vnd.docker.distribution.manifest.v2+json"};
}

std::optional<std::string> first_of(std::string_view text, std::string_view member) {
  const auto value = parse(text);
  const json::value* list = value ? member_of(*value, member) : nullptr;
  if (list == nullptr || !list->is_array() || list->get_array().empty()) return std::nullopt;
  return text_of(&list->get_array().front());
}

std::optional<Pointer> first_reference(std::string_view manifest) {
  const auto value = parse(manifest);
  if (!value) return std::nullopt;
  if (const json::value* config = member_of(*value, "config")) {
    if (auto digest = text_of(member_of(*config, "digest"))) return Pointer{*digest, false};
  }
  const json::value* children = member_of(*value, "manifests");
  if (children == nullptr || !children->is_array() || children->get_array().empty()) {
    return std::nullopt;
  }
  auto digest = text_of(member_of(children->get_array().front(), "digest"));
  if (!digest) return std::nullopt;
  return Pointer{*digest, true};
}

Findings check_manifest(const Answer& answer) {
  const std::string_view type = answer.header("Content-Type");
  if (answer.is(404) || answer.is(406) || type.contains("prettyjws")) {
    return {{Ailment::accept_dropped,
             "GET of a listed tag, with Accept for every kind of manifest: " + answer.summary() +
                 " " + quoted(answer.body, 80)}};
  }
  if (answer.is(200) && answer.header("Docker-Content-Digest").empty()) {
    return {{Ailment::digest_lost, "GET of a manifest: 200 without it"}};
  }
  return {};
}

Findings check_head(std::string_view what, const Answer& head) {
  if (!head.is(200)) {
    return {{Ailment::head_refused,
             "HEAD of a " + std::string(what) + ": " + head.summary() + ", while GET says 200"}};
  }
  if (head.header("Content-Length").empty()) {
    return {{Ailment::length_lost, "HEAD of a " + std::string(what) + ": 200 without it"}};
  }
  return {};
}

Findings check_blob(const Url& door, const Answer& answer) {
  if (answer.answered() && answer.status >= 300 && answer.status < 400) {
    const auto to = door.resolve(answer.header("Location"));
    const bool leaks = to && to->origin().host.ends_with("." + door.origin().host);
    if (to && (to->origin().is_tls() || !door.origin().is_tls()) && !leaks) return {};
    return {{Ailment::blob_redirect, "GET of a blob: " + std::to_string(answer.status) + " to " +
                                         (to ? to->origin().text() : "nowhere")}};
  }
  if (!answer.is(200)) return {};
  if (const auto encoding = answer.header("Content-Encoding"); !encoding.empty()) {
    return {{Ailment::compressed, "GET of a blob: Content-Encoding: " + quoted(encoding)}};
  }
  if (answer.header("Content-Length").empty()) {
    return {{Ailment::length_lost, "GET of a blob: 200 without it"}};
  }
  return {};
}

Findings check_range(const Answer& answer) {
  if (!answer.is(200)) return {};
  return {{Ailment::range_ignored, "GET of a blob with Range: bytes=0-0: 200 instead of 206"}};
}

Findings check_encoded_path(const Answer& head) {
  if (head.is(200)) return {};
  return {{Ailment::encoded_path,
           "HEAD of a manifest by sha256%3A…: " + head.summary() + ", while sha256:… says 200"}};
}

}  // namespace moorgate::doctor
