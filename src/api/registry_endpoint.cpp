#include "api/registry_endpoint.hpp"

#include <utility>

namespace moorgate::api {

RegistryEndpoint::RegistryEndpoint(std::unique_ptr<registry::Registry> registry,
                                   const access::Authorizer& authorizer)
    : registry_(std::move(registry)),
      blobs_(*registry_),
      manifests_(*registry_),
      listings_(*registry_, authorizer),
      uploads_(*registry_, authorizer) {}

Task<> RegistryEndpoint::handle(const Call& call, const access::Permit& permit) {
  switch (call.route.endpoint) {
    case Endpoint::manifest:
      return manifests_.handle(call, permit);
    case Endpoint::blob:
      return blobs_.handle(call, permit);
    case Endpoint::start_upload:
      return uploads_.start(call, permit);
    case Endpoint::upload:
      return uploads_.continue_session(call, permit);
    case Endpoint::tags:
      return listings_.tags(call, permit);
    case Endpoint::referrers:
      return listings_.referrers(call, permit);
    default:
      return listings_.extensions(call);
  }
}

Task<> RegistryEndpoint::handle(const Call& call) {
  if (call.route.endpoint == Endpoint::catalog) return listings_.catalog(call);
  return listings_.extensions(call);
}

}  // namespace moorgate::api
