#pragma once

#include <optional>
#include <string>
#include <utility>

#include "access/authorizer.hpp"
#include "api/backend.hpp"
#include "gateway/reverse_proxy.hpp"
#include "gateway/upload_ticket.hpp"
#include "http/client_pool.hpp"

namespace moorgate::api {

/// Another registry as a Backend: requests are carried there and back. Added to what it answers:
/// lists show only what the caller may see, mounts happen only from where the caller may pull,
/// upload sessions belong to who opened them, and referrers are found by the fallback tag where the
/// registry is too old to know them.
class GatewayEndpoint final : public Backend {
 public:
  /// `authorizer` and `tickets` outlive this.
  GatewayEndpoint(gateway::ReverseProxy proxy, const gateway::UploadTickets& tickets,
                  const access::Authorizer& authorizer)
      : proxy_(std::move(proxy)), tickets_(tickets), authorizer_(authorizer) {}

  /// After a reload, on the worker's own loop.
  gateway::ReverseProxy& proxy() noexcept { return proxy_; }

  Task<> handle(const Call& call, const access::Permit& permit) override;
  Task<> handle(const Call& call) override;

 private:
  /// As ask_upstream(), for the target and scope that route and permit name.
  Task<std::optional<http::ClientResponse>> ask(const Call& call, const access::Permit& permit);
  Task<> pass_on(const Call& call, const access::Permit& permit);
  Task<> tags(const Call& call, const access::Permit& permit);
  Task<> referrers(const Call& call, const access::Permit& permit);
  Task<> referrers_by_tag(const Call& call, const access::Permit& permit);
  Task<> catalog(const Call& call);
  Task<> start_upload(const Call& call, const access::Permit& permit);
  Task<> continue_upload(const Call& call, const access::Permit& permit);
  Task<> upload(const Call& call, const access::Permit& permit, std::string target,
                std::string scope);

  gateway::ReverseProxy proxy_;
  const gateway::UploadTickets& tickets_;
  const access::Authorizer& authorizer_;
};

}  // namespace moorgate::api
