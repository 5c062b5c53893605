#pragma once

#include <cstddef>

#include "access/authorizer.hpp"
#include "auth/principal.hpp"
#include "base/task.hpp"
#include "gateway/reverse_proxy.hpp"
#include "http/client_failure.hpp"
#include "meta/metadata_store.hpp"

namespace moorgate::api {

/// How many pages of the upstream, and about how many bytes of them, one page of ours may cost.
inline constexpr int kCatalogPages = 100;
inline constexpr std::size_t kCatalogBytes = 16 << 20;

/// One page of the upstream's repositories that `who` may pull from. The upstream is asked page by
/// page, in its own order, with nothing of its list kept; a name that the caller may not see never
/// shows, not even as the place where the next page begins. References outlive the call.
Task<http::ClientResult<meta::Page>> upstream_catalog(gateway::ReverseProxy& proxy,
                                                      const access::Authorizer& authorizer,
                                                      const auth::Principal& who,
                                                      meta::PageRequest request);

}  // namespace moorgate::api
