#pragma once

#include <memory>
#include <string>
#include <vector>

#include "access/authorizer.hpp"
#include "api/blob_endpoint.hpp"
#include "api/listing_endpoint.hpp"
#include "api/manifest_endpoint.hpp"
#include "api/upload_endpoint.hpp"
#include "auth/cached_authenticator.hpp"
#include "http/exchange.hpp"
#include "registry/registry.hpp"

namespace moorgate::api {

/// Steps 2 to 5 of a request's journey, in this order: route, authenticate, authorize, endpoint.
/// One per worker; nothing here is shared with another.
class Pipeline final : public http::Handler {
 public:
  /// A page beside the registry's own paths (health, metrics).
  struct Page {
    std::string path;
    bool sign_in_needed = true;
    std::shared_ptr<http::Handler> handler;
  };
  struct Parts {
    std::unique_ptr<auth::CachedAuthenticator> authenticator;
    std::unique_ptr<access::Authorizer> authorizer;
    std::unique_ptr<registry::Registry> registry;
    /// The value of WWW-Authenticate.
    std::string challenge;
    std::vector<Page> pages;
  };

  explicit Pipeline(Parts parts);

  Task<> handle(http::Exchange& exchange) override;
  http::ErrorPage error_page(int status, std::string_view reason) const override;

  auth::CachedAuthenticator& authenticator() noexcept { return *parts_.authenticator; }
  access::Authorizer& authorizer() noexcept { return *parts_.authorizer; }

 private:
  Task<> handle_page(http::Exchange& exchange);
  Task<> handle_registry(http::Exchange& exchange, const auth::Principal& principal);
  Task<> dispatch(const Call& call);
  Task<> dispatch_permitted(const Call& call, const access::Permit& permit);
  /// Null after an answer was sent.
  Task<std::shared_ptr<const auth::Principal>> authenticate(http::Exchange& exchange);
  Task<> challenge(http::Exchange& exchange, std::string message);
  Task<> deny(http::Exchange& exchange, access::Denial denial);

  Parts parts_;
  BlobEndpoint blobs_;
  ManifestEndpoint manifests_;
  ListingEndpoint listings_;
  UploadEndpoint uploads_;
};

}  // namespace moorgate::api
