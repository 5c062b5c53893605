#include "api/route.hpp"

#include <utility>
#include <vector>

#include "base/text.hpp"

namespace moorgate::api {
namespace {

using http::Method;

constexpr std::string_view kPrefix = "/v2/";

/// Splits at raw slashes and decodes each part; nullopt if a part is broken or hides a slash.
std::optional<std::vector<std::string>> decode_parts(std::string_view path) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t slash = path.find('/');
    auto part = percent_decode(path.substr(0, slash));
    if (!part || part->find('/') != std::string::npos) return std::nullopt;
    parts.push_back(std::move(*part));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

class Matcher {
 public:
  explicit Matcher(std::vector<std::string> parts) : parts_(std::move(parts)) {}

  Route match() {
    const std::size_t count = parts_.size();
    if (ends_with({"_oci", "ext", "discover"})) return named(Endpoint::extensions, 3);
    if (ends_with({"tags", "list"})) return named(Endpoint::tags, 2);
    if (ends_with({"blobs", "uploads", ""})) return named(Endpoint::start_upload, 3);
    if (ends_with({"blobs", "uploads"})) return named(Endpoint::start_upload, 2);
    if (count >= 3 && parts_[count - 3] == "blobs" && parts_[count - 2] == "uploads") {
      Route route = named(Endpoint::upload, 3);
      route.upload_id = parts_.back();
      return route;
    }
    if (count < 2) return {};
    if (parts_[count - 2] == "manifests") {
      return with_reference(named(Endpoint::manifest, 2), oci::Reference::parse(parts_.back()));
    }
    if (parts_[count - 2] == "blobs") return with_digest(named(Endpoint::blob, 2));
    if (parts_[count - 2] == "referrers") return with_digest(named(Endpoint::referrers, 2));
    return {};
  }

 private:
  bool ends_with(std::initializer_list<std::string_view> suffix) const {
    if (parts_.size() < suffix.size()) return false;
    std::size_t at = parts_.size() - suffix.size();
    for (const std::string_view part : suffix) {
      if (parts_[at++] != part) return false;
    }
    return true;
  }

  /// The route with what stands before the last `used` parts as its repository.
  Route named(Endpoint endpoint, std::size_t used) const {
    Route route{.endpoint = endpoint};
    std::string name;
    for (std::size_t i = 0; i + used < parts_.size(); ++i) {
      if (i > 0) name += '/';
      name += parts_[i];
    }
    if (auto repository = oci::RepositoryName::parse(name)) {
      route.repository = std::move(*repository);
    } else {
      route.error = std::move(repository).error();
    }
    return route;
  }

  static Route with_reference(Route route, Result<oci::Reference> reference) {
    if (reference) {
      route.reference = std::move(*reference);
    } else if (!route.error) {
      route.error = std::move(reference).error();
    }
    return route;
  }

  Route with_digest(Route route) const {
    auto digest = oci::Digest::parse(parts_.back());
    if (digest) {
      route.reference = oci::Reference(std::move(*digest));
    } else if (!route.error) {
      route.error = std::move(digest).error();
    }
    return route;
  }

  std::vector<std::string> parts_;
};

}  // namespace

bool is_registry_path(std::string_view path) noexcept {
  return path == "/v2" || path.starts_with(kPrefix);
}

Route match_route(std::string_view path) {
  if (path == "/v2" || path == kPrefix) return {.endpoint = Endpoint::base};
  if (path == "/v2/_catalog") return {.endpoint = Endpoint::catalog};
  if (path == "/v2/_oci/ext/discover") return {.endpoint = Endpoint::extensions};
  auto parts = decode_parts(path.substr(kPrefix.size()));
  if (!parts) {
    return {.error = Error{Code::name_invalid,
                           "the path holds a broken or misleading percent-encoding"}};
  }
  return Matcher(std::move(*parts)).match();
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
    case Endpoint::manifest: return "GET, HEAD, PUT, DELETE";
    case Endpoint::blob: return "GET, HEAD, DELETE";
    case Endpoint::start_upload: return "POST";
    case Endpoint::upload: return "GET, PATCH, PUT, DELETE";
    default: return "GET, HEAD";
  }
}

}  // namespace moorgate::api
