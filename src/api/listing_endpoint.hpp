#pragma once

#include "access/authorizer.hpp"
#include "access/permit.hpp"
#include "api/call.hpp"
#include "base/task.hpp"
#include "registry/registry.hpp"

namespace moorgate::api {

/// What answers with lists: tags (spec end-8), referrers (end-12), _catalog, extensions.
class ListingEndpoint {
 public:
  ListingEndpoint(registry::Registry& registry, const access::Authorizer& authorizer)
      : registry_(registry), authorizer_(authorizer) {}

  Task<> tags(const Call& call, const access::Permit& permit);
  Task<> referrers(const Call& call, const access::Permit& permit);
  /// Only repositories that the caller may pull from.
  Task<> catalog(const Call& call);
  Task<> extensions(const Call& call);

 private:
  Task<Result<meta::Page>> visible_repositories(const auth::Principal& principal,
                                                meta::PageRequest request);

  registry::Registry& registry_;
  const access::Authorizer& authorizer_;
};

}  // namespace moorgate::api
