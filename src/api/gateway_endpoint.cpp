#include "api/gateway_endpoint.hpp"

#include <utility>

#include "api/answer.hpp"
#include "api/upstream_relay.hpp"
#include "api/upstream_target.hpp"

namespace moorgate::api {

Task<> GatewayEndpoint::handle(const Call& call, const access::Permit& permit) {
  switch (call.route.endpoint) {
    case Endpoint::manifest:
    case Endpoint::blob:
      return pass_on(call, permit);
    case Endpoint::start_upload:
      return start_upload(call, permit);
    case Endpoint::upload:
      return continue_upload(call, permit);
    case Endpoint::tags:
      return tags(call, permit);
    case Endpoint::referrers:
      return referrers(call, permit);
    default:
      return send_no_extensions(call.exchange);
  }
}

Task<> GatewayEndpoint::handle(const Call& call) {
  if (call.route.endpoint == Endpoint::catalog) return catalog(call);
  return send_no_extensions(call.exchange);
}

Task<std::optional<http::ClientResponse>> GatewayEndpoint::ask(const Call& call,
                                                               const access::Permit& permit) {
  return ask_upstream(proxy_, call,
                      upstream_target(call.route, call.exchange.head().method, call.query),
                      token_scope(permit.repository(), permit.action()));
}

Task<> GatewayEndpoint::pass_on(const Call& call, const access::Permit& permit) {
  auto answer = co_await ask(call, permit);
  if (!answer) co_return;
  start_relay(call, *answer);
  if (call.route.endpoint == Endpoint::manifest && answer->head().status == 201) {
    const auto digest = answer->head().find("Docker-Content-Digest");
    call.exchange.header("Location",
                         "/v2/" + permit.repository().text() + "/manifests/" +
                             std::string(digest.value_or(call.route.reference->text())));
  }
  co_await finish_relay(call, *answer);
}

}  // namespace moorgate::api
