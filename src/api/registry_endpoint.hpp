#pragma once

#include <memory>

#include "access/authorizer.hpp"
#include "api/backend.hpp"
#include "api/blob_endpoint.hpp"
#include "api/listing_endpoint.hpp"
#include "api/manifest_endpoint.hpp"
#include "api/upload_endpoint.hpp"
#include "registry/registry.hpp"

namespace moorgate::api {

/// The registry of this process as a Backend: the OCI distribution spec's end-points over
/// registry::Registry.
class RegistryEndpoint final : public Backend {
 public:
  /// `authorizer` filters lists and mounts; it outlives this.
  RegistryEndpoint(std::unique_ptr<registry::Registry> registry,
                   const access::Authorizer& authorizer);

  Task<> handle(const Call& call, const access::Permit& permit) override;
  Task<> handle(const Call& call) override;

 private:
  const std::unique_ptr<registry::Registry> registry_;
  BlobEndpoint blobs_;
  ManifestEndpoint manifests_;
  ListingEndpoint listings_;
  UploadEndpoint uploads_;
};

}  // namespace moorgate::api
