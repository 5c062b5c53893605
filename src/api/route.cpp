#include "api/route.hpp"

#include <utility>

#include "base/text.hpp"

namespace moorgate::api {
namespace {

using http::Method;

constexpr std::string_view kPrefix = "/v2/";

/// Decodes the parts between raw slashes; nullopt if one is broken or hides a slash.
std::optional<std::string> decode_parts(std::string_view path) {
  std::string decoded;
  while (true) {
    const std::size_t slash = path.find('/');
    const auto part = percent_decode(path.substr(0, slash));
    if (!part || part->find('/') != std::string::npos) return std::nullopt;
    decoded += *part;
    if (slash == std::string_view::npos) return decoded;
    decoded += '/';
    path.remove_prefix(slash + 1);
  }
}

/// The last part of a path and what stands before its slash.
struct Split {
  std::string_view before;
  std::string_view last;
};

Split split_last(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

Route named(Endpoint endpoint, std::string_view name) {
  Route route{.endpoint = endpoint};
  if (auto repository = oci::RepositoryName::parse(name)) {
    route.repository = std::move(*repository);
  } else {
    route.error = std::move(repository).error();
  }
  return route;
}

Route with_reference(Route route, std::string_view text) {
  auto reference = oci::Reference::parse(text);
  if (reference) {
    route.reference = std::move(*reference);
  } else if (!route.error) {
    route.error = std::move(reference).error();
  }
  return route;
}

Route with_digest(Route route, std::string_view text) {
  auto digest = oci::Digest::parse(text);
  if (digest) {
    route.reference = oci::Reference(std::move(*digest));
  } else if (!route.error) {
    route.error = std::move(digest).error();
  }
  return route;
}

/// `path` is decoded and below /v2/. Matching goes from the right.
Route match_below(std::string_view path) {
  const Split one = split_last(path);
  const Split two = split_last(one.before);
  const Split three = split_last(two.before);
  if (two.last == "manifests")
    return with_reference(named(Endpoint::manifest, two.before), one.last);
  if (three.last == "blobs" && two.last == "uploads") {
    if (one.last.empty()) return named(Endpoint::start_upload, three.before);
    Route route = named(Endpoint::upload, three.before);
    route.upload_id = one.last;
    return route;
  }
  if (two.last == "blobs") {
    if (one.last == "uploads") return named(Endpoint::start_upload, two.before);
    return with_digest(named(Endpoint::blob, two.before), one.last);
  }
  if (two.last == "tags" && one.last == "list") return named(Endpoint::tags, two.before);
  if (two.last == "referrers") return with_digest(named(Endpoint::referrers, two.before), one.last);
  if (three.last == "_oci" && two.last == "ext" && one.last == "discover") {
    return named(Endpoint::extensions, three.before);
  }
  return {};
}

}  // namespace

bool is_registry_path(std::string_view path) noexcept {
  return path == "/v2" || path.starts_with(kPrefix);
}

Route match_route(std::string_view path) {
  if (path == "/v2" || path == kPrefix) return {.endpoint = Endpoint::base};
  if (path == "/v2/_catalog") return {.endpoint = Endpoint::catalog};
  if (path == "/v2/_oci/ext/discover") return {.endpoint = Endpoint::extensions};
  const std::string_view below = path.substr(kPrefix.size());
  if (below.find('%') == std::string_view::npos) return match_below(below);
  const auto decoded = decode_parts(below);
  if (!decoded) {
    return {.error = Error{Code::name_invalid,
                           "the path holds a broken or misleading percent-encoding"}};
  }
  return match_below(*decoded);
}

std::optional<access::Action> action_of(Endpoint endpoint, Method method) noexcept {
  using access::Action;
  const bool reads = method == Method::get || method == Method::head;
  switch (endpoint) {
    case Endpoint::manifest:
      if (method == Method::put) return Action::push;
      [[fallthrough]];
    case Endpoint::blob:
      if (method == Method::remove) return Action::remove;
      [[fallthrough]];
    case Endpoint::base:
    case Endpoint::catalog:
    case Endpoint::extensions:
    case Endpoint::tags:
    case Endpoint::referrers:
      if (reads) return Action::pull;
      return std::nullopt;
    case Endpoint::start_upload:
      if (method == Method::post) return Action::push;
      return std::nullopt;
    case Endpoint::upload:
      // Cancelling one's own upload is part of pushing: clients do it after a mount.
      if (method == Method::get || method == Method::patch || method == Method::put ||
          method == Method::remove) {
        return Action::push;
      }
      return std::nullopt;
    case Endpoint::unknown:
      return std::nullopt;
  }
  return std::nullopt;
}

std::string_view allowed_methods(Endpoint endpoint) noexcept {
  switch (endpoint) {
    case Endpoint::manifest:
      return "GET, HEAD, PUT, DELETE";
    case Endpoint::blob:
      return "GET, HEAD, DELETE";
    case Endpoint::start_upload:
      return "POST";
    case Endpoint::upload:
      return "GET, PATCH, PUT, DELETE";
    default:
      return "GET, HEAD";
  }
}

}  // namespace moorgate::api
