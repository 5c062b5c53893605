#include "api/gateway_endpoint.hpp"

#include <utility>

#include "api/answer.hpp"
#include "api/upstream_relay.hpp"
#include "api/upstream_target.hpp"

namespace moorgate::api {

using http::Method;

Task<> GatewayEndpoint::handle(const Call& call, const access::Permit& permit) {
  switch (call.route.endpoint) {
    case Endpoint::manifest:
      return manifest(call, permit);
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

Task<> GatewayEndpoint::pass_on(const Call& call, const access::Permit& permit) {
  auto answer = co_await ask_upstream(
      proxy_, call, upstream_target(call.route, call.exchange.head().method, call.query),
      token_scope(permit.repository(), permit.action()));
  if (!answer) co_return;
  start_relay(call, *answer);
  co_await finish_relay(call, *answer);
}

Task<> GatewayEndpoint::manifest(const Call& call, const access::Permit& permit) {
  if (call.exchange.head().method != Method::put) {
    co_await pass_on(call, permit);
    co_return;
  }
  auto answer =
      co_await ask_upstream(proxy_, call, upstream_target(call.route, Method::put, call.query),
                            token_scope(permit.repository(), permit.action()));
  if (!answer) co_return;
  start_relay(call, *answer);
  if (answer->head().status == 201) {
    const auto digest = answer->head().find("Docker-Content-Digest");
    call.exchange.header("Location",
                         "/v2/" + permit.repository().text() + "/manifests/" +
                             std::string(digest.value_or(call.route.reference->text())));
  }
  co_await finish_relay(call, *answer);
}

}  // namespace moorgate::api
