#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "access/permit.hpp"
#include "base/error.hpp"
#include "http/request_head.hpp"
#include "oci/name.hpp"

namespace moorgate::api {

enum class Endpoint : std::uint8_t {
  base,          ///< /v2/
  catalog,       ///< /v2/_catalog
  extensions,    ///< /v2/_oci/ext/discover and /v2/<name>/_oci/ext/discover
  tags,          ///< /v2/<name>/tags/list
  referrers,     ///< /v2/<name>/referrers/<digest>
  manifest,      ///< /v2/<name>/manifests/<reference>
  blob,          ///< /v2/<name>/blobs/<digest>
  start_upload,  ///< /v2/<name>/blobs/uploads/
  upload,        ///< /v2/<name>/blobs/uploads/<id>
  unknown,       ///< anything else under /v2/
};

/// What a path asks for (step 2 of a request). A path that names an endpoint but holds a bad name,
/// digest or tag carries `error`: it is answered only after authentication, so that strangers
/// learn nothing from it.
struct Route {
  Endpoint endpoint = Endpoint::unknown;
  std::optional<oci::RepositoryName> repository = {};
  /// Of a manifest, blob (always a digest) or referrers (always a digest) route.
  std::optional<oci::Reference> reference = {};
  std::string upload_id = {};
  std::optional<Error> error = {};
};

/// `path` is the raw path of a target under /v2. Matching goes from the right, because repository
/// names may hold the words "blobs", "manifests", "tags" and "referrers". Components are decoded
/// one by one: an encoded slash never becomes a separator.
Route match_route(std::string_view path);

/// True for /v2, /v2/ and everything below.
bool is_registry_path(std::string_view path) noexcept;

/// The right that the request needs in its repository; nullopt where the endpoint does not offer
/// the method.
std::optional<access::Action> action_of(Endpoint endpoint, http::Method method) noexcept;

/// Methods of the endpoint, for the Allow header.
std::string_view allowed_methods(Endpoint endpoint) noexcept;

}  // namespace moorgate::api
