#include <optional>
#include <string>
#include <utility>

#include "api/answer.hpp"
#include "api/gateway_endpoint.hpp"
#include "api/upstream_relay.hpp"
#include "api/upstream_target.hpp"

namespace moorgate::api {
namespace {

using access::Action;
using http::Method;

std::string uploads_path(const access::Permit& permit) {
  return "/v2/" + permit.repository().text() + "/blobs/uploads/";
}

/// Of the blob that the request was about: what the upstream says it is, else what the client does.
std::string digest_of_blob(const Call& call, const http::ResponseHead& head) {
  if (const auto digest = head.find("Docker-Content-Digest")) return std::string(*digest);
  return std::string(call.query.find("digest").value_or(call.query.find("mount").value_or("")));
}

/// Whether the answer describes a session that goes on.
bool is_session(int status) noexcept {
  return status == 202 || status == 204 || status == 416;
}

}  // namespace

Task<> GatewayEndpoint::start_upload(const Call& call, const access::Permit& permit) {
  const oci::RepositoryName& repository = permit.repository();
  std::string target = upstream_target(call.route, Method::post, call.query);
  std::string scope = token_scope(repository, Action::push);
  if (const auto text = call.query.find("mount")) {
    auto digest = oci::Digest::parse(*text);
    if (!digest) {
      co_await send_error(call.exchange, std::move(digest).error());
      co_return;
    }
    // A mount that may not happen becomes an ordinary upload: clients give up on any other answer.
    // So does one without a source: the upstream would take the blob from where the caller may not
    // look.
    const auto source = oci::RepositoryName::parse(call.query.find("from").value_or(""));
    if (source && authorizer_.may(call.principal, *source, Action::pull)) {
      target = mount_target(repository, *digest, *source);
      scope += " " + token_scope(*source, Action::pull);
    }
  }
  co_await upload(call, permit, std::move(target), std::move(scope));
}

Task<> GatewayEndpoint::continue_upload(const Call& call, const access::Permit& permit) {
  auto target = tickets_.redeem(permit, call.route.upload_id);
  if (!target) {
    co_await send_error(call.exchange,
                        {Code::blob_upload_unknown, "there is no such upload session of yours"});
    co_return;
  }
  if (call.exchange.head().method == Method::put) {
    if (const auto digest = call.query.find("digest")) {
      target = with_parameter(std::move(*target), "digest", *digest);
    }
  }
  co_await upload(call, permit, std::move(*target), token_scope(permit.repository(), Action::push));
}

Task<> GatewayEndpoint::upload(const Call& call, const access::Permit& permit, std::string target,
                               std::string scope) {
  auto answer = co_await ask_upstream(proxy_, call, target, std::move(scope));
  if (!answer) co_return;
  const http::ResponseHead& head = answer->head();
  std::string location;
  if (head.status == 201) {
    location = "/v2/" + permit.repository().text() + "/blobs/" + digest_of_blob(call, head);
  } else if (const auto there = head.find("Location"); there && is_session(head.status)) {
    const auto place = proxy_.resolver().resolve(*there, target);
    const auto id = place && place->own ? tickets_.issue(permit, place->target) : std::nullopt;
    if (!id) {
      co_await send_failure(call.exchange,
                            senseless("the registry behind keeps the upload at another host; "
                                      "upstream.also_called may have to name it",
                                      std::string(*there)));
      co_return;
    }
    location = uploads_path(permit) + *id;
  } else if (is_session(head.status) && !call.route.upload_id.empty()) {
    location = uploads_path(permit) + call.route.upload_id;
  }
  start_relay(call, *answer);
  if (!location.empty()) call.exchange.header("Location", location);
  if (head.status == 201 && !head.find("Docker-Content-Digest")) {
    call.exchange.header("Docker-Content-Digest", digest_of_blob(call, head));
  }
  co_await finish_relay(call, *answer);
}

}  // namespace moorgate::api
