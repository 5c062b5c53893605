#pragma once

#include <string>
#include <string_view>

#include "access/permit.hpp"
#include "api/query.hpp"
#include "api/route.hpp"
#include "oci/name.hpp"

/// What a request is called at the upstream. Everything is spelt anew from what the gate has
/// understood and admitted, never taken over from the client's own spelling, so that the upstream
/// cannot read another repository, or another right, out of it.
namespace moorgate::api {

/// Path and query for a route with a repository; `route` is no upload session. Of the query only
/// what the end-point knows is kept, and of a list everything but `ns`: upstreams have paging
/// parameters of their own, while `ns` would choose another registry behind the upstream. A mount
/// is left out: whether it may happen is for mount_target().
std::string upstream_target(const Route& route, http::Method method, const Query& query);

/// An upload that begins with the mount of `digest` from `source`.
std::string mount_target(const oci::RepositoryName& repository, const oci::Digest& digest,
                         const oci::RepositoryName& source);

/// `target` with one more parameter.
std::string with_parameter(std::string target, std::string_view name, std::string_view value);

/// What a token for the upstream must allow (registry.md of the token specification).
std::string token_scope(const oci::RepositoryName& repository, access::Action action);

}  // namespace moorgate::api
