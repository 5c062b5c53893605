#include "api/upstream_relay.hpp"

#include <tuple>
#include <utility>

#include "api/answer.hpp"
#include "api/error_body.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "oci/manifest.hpp"

namespace moorgate::api {
namespace {

using http::ClientFailure;
using http::ClientResponse;

/// An error's body that nobody will read.
constexpr std::size_t kScrap = 64 << 10;

bool is_json(const http::ResponseHead& head) noexcept {
  std::string_view type = head.find("Content-Type").value_or("");
  type = trim(type.substr(0, type.find(';')));
  return equals_ignoring_case(type, kJson);
}

bool is_error(const http::ResponseHead& head) noexcept {
  return head.status >= 400;
}

std::string_view code_of_missing(Endpoint endpoint) noexcept {
  switch (endpoint) {
    case Endpoint::manifest:
      return "MANIFEST_UNKNOWN";
    case Endpoint::blob:
      return "BLOB_UNKNOWN";
    case Endpoint::upload:
      return "BLOB_UPLOAD_UNKNOWN";
    default:
      return "NAME_UNKNOWN";
  }
}

/// The spec's code for a status that the upstream left unexplained.
std::string_view code_of(int status, Endpoint endpoint) noexcept {
  switch (status) {
    case 403:
      return "DENIED";
    case 404:
      return code_of_missing(endpoint);
    case 413:
      return "SIZE_INVALID";
    case 416:
      return "RANGE_INVALID";
    case 429:
      return "TOOMANYREQUESTS";
    default:
      return status >= 500 ? "UNAVAILABLE" : "UNSUPPORTED";
  }
}

std::string unexplained(const http::ResponseHead& head) {
  return "the registry behind answered " + std::to_string(head.status) + " " +
         std::string(http::status_text(head.status)) + " and gave no reason";
}

/// The HTTP client knows only a server; clients of ours must not take it for us.
std::string told_to_client(const ClientFailure& failed) {
  if (failed.error.message.find("registry behind") != std::string::npos) {
    return failed.error.message;
  }
  return "no answer from the registry behind: " + failed.error.message;
}

/// What the client can be told about its own failing; nothing where it is gone.
std::optional<Error> fault_of_client(const Error& error) {
  if (error.code == Code::end_of_stream) return std::nullopt;
  if (error.code == Code::timeout) {
    return Error{Code::timeout, "nothing of the body came for too long"};
  }
  return error;
}

Task<> send_client_fault(http::Exchange& exchange, const Error& error) {
  const auto fault = fault_of_client(error);
  exchange.record.reason = "the client broke off";
  if (!fault) {
    exchange.abandon();
    co_return;
  }
  exchange.close_after();
  exchange.record.reason = fault->message;
  start_answer(exchange, fault->code == Code::timeout ? 408 : 400);
  exchange.header("Content-Type", kJson);
  co_await exchange.send(render_error("BLOB_UPLOAD_INVALID", fault->message));
}

/// Registries in the field answer only with what they are asked for by name, or convert it.
std::string_view accept_for(const Call& call) {
  static const std::string kManifests = [] {
    std::string all;
    for (const std::string_view type :
         {oci::media_type::kOciIndex, oci::media_type::kOciManifest, oci::media_type::kDockerList,
          oci::media_type::kDockerManifest}) {
      all.append(type).append(", ");
    }
    return all + "*/*";
  }();
  return call.route.endpoint == Endpoint::manifest ? kManifests : std::string_view();
}

/// To where the client can go by itself; it takes none of our credentials there.
Task<> send_redirect(const Call& call, const gateway::ReverseProxy& proxy,
                     const http::ResponseHead& head, std::string_view target) {
  const auto place = proxy.resolver().resolve(head.find("Location").value_or(""), target);
  start_answer(call.exchange, head.status);
  if (place) call.exchange.header("Location", place->url);
  gateway::ReverseProxy::copy_headers(call.exchange, head);
  co_await call.exchange.send_empty();
}

}  // namespace

ClientFailure senseless(std::string message, std::string detail) {
  return http::client_failure(ClientFailure::Kind::malformed, std::move(message), std::move(detail))
      .error();
}

Task<> send_failure(http::Exchange& exchange, ClientFailure failed) {
  if (failed.kind == ClientFailure::Kind::body) {
    co_await send_client_fault(exchange, failed.error);
    co_return;
  }
  if (failed.kind == ClientFailure::Kind::abandoned) {
    exchange.record.reason = failed.error.message;
    exchange.abandon();
    co_return;
  }
  const bool known = failed.kind == ClientFailure::Kind::suspended;
  log::write(known ? log::Level::debug : log::Level::warning, "the registry behind gave no answer",
             {{"target", exchange.head().target},
              {"kind", failed.kind_text()},
              {"error", failed.error.message},
              {"detail", failed.error.detail}});
  const std::string message = told_to_client(failed);
  exchange.record.reason = message;
  const int status = failed.status();
  start_answer(exchange, status);
  exchange.header("Content-Type", kJson);
  if (status == 503) {
    exchange.header("Retry-After", static_cast<std::uint64_t>(failed.retry_after.count()));
  }
  co_await exchange.send(render_error(status == 500 ? "UNKNOWN" : "UNAVAILABLE", message));
}

Task<std::optional<ClientResponse>> ask_upstream(gateway::ReverseProxy& proxy, const Call& call,
                                                 std::string target, std::string scope) {
  auto answer = co_await proxy.forward(call.exchange, target, std::move(scope), accept_for(call));
  if (!answer) {
    co_await send_failure(call.exchange, std::move(answer).error());
    co_return std::nullopt;
  }
  if (gateway::is_redirect(answer->head().status)) {
    co_await send_redirect(call, proxy, answer->head(), target);
    co_return std::nullopt;
  }
  co_return std::move(*answer);
}

void start_relay(const Call& call, const ClientResponse& answer) {
  const http::ResponseHead& head = answer.head();
  start_answer(call.exchange, head.status);
  if (!is_error(head)) {
    gateway::ReverseProxy::copy_headers(call.exchange, head);
    return;
  }
  call.exchange.record.reason = "the registry behind answered " + std::to_string(head.status);
  for (const std::string_view name :
       {"Retry-After", "Allow", "Range", "Content-Range", "Warning", "Docker-Upload-UUID"}) {
    if (const auto value = head.find(name)) call.exchange.header(name, *value);
  }
  call.exchange.header("Content-Type", kJson);
}

Task<> finish_relay(const Call& call, ClientResponse& answer) {
  const http::ResponseHead& head = answer.head();
  if (is_error(head) && !is_json(head)) {
    const std::string body =
        render_error(code_of(head.status, call.route.endpoint), unexplained(head));
    std::ignore = co_await answer.read_all(kScrap);
    co_await call.exchange.send(body);
    co_return;
  }
  auto relayed = co_await gateway::ReverseProxy::relay_body(call.exchange, answer);
  if (!relayed) {
    co_await send_failure(call.exchange, senseless("the registry behind broke off its answer",
                                                   relayed.error().detail));
  }
}

}  // namespace moorgate::api
