#include "gateway/reverse_proxy.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "gateway/passed_headers.hpp"

namespace moorgate::gateway {
namespace {

using http::ClientFailure;
using http::ClientResponse;
using http::ClientResult;
using http::Framing;
using http::Method;

/// What a TLS stream encrypts for one send.
constexpr std::size_t kPiece = 96 << 10;
/// A body up to this is taken whole, so that one that breaks off can still be answered with 502.
constexpr std::uint64_t kSmallBody = 64 << 10;
/// The body of a redirect, which nobody reads.
constexpr std::size_t kScrap = 8 << 10;
constexpr int kRedirects = 5;

std::unexpected<ClientFailure> untrustworthy(std::string message, std::string detail = {}) {
  return http::client_failure(ClientFailure::Kind::malformed, std::move(message),
                              std::move(detail));
}

/// What may stand there once only, because clients go by it.
std::optional<std::string_view> doubled(const http::ResponseHead& head) {
  for (const std::string_view name :
       {"Location", "Content-Type", "Docker-Content-Digest", "Content-Range", "Range", "ETag"}) {
    if (head.count(name) > 1) return name;
  }
  return std::nullopt;
}

bool is_accept(const http::Header& header) {
  return equals_ignoring_case(header.name, "Accept");
}

bool accepts_anything(const http::RequestHead& head) {
  return std::ranges::all_of(head.headers, [](const http::Header& header) {
    return !is_accept(header) || header.value == "*/*";
  });
}

/// Everything up to the end of the upstream's body; the head is out already.
Task<> pump(http::Exchange& exchange, ClientResponse& answer) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(kPiece);
  while (true) {
    auto got = co_await answer.read_some(std::span(buffer.get(), kPiece));
    if (!got) {
      log::warning("the registry behind broke off in the middle of an answer",
                   {{"target", exchange.head().target}, {"detail", got.error().detail}});
      exchange.record.reason = "the registry behind broke off";
      exchange.cut_off();
      co_return;
    }
    if (*got == 0) break;
    if (!co_await exchange.write(std::string_view(buffer.get(), *got))) co_return;
  }
  std::ignore = co_await exchange.end();
}

}  // namespace

bool is_redirect(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// A request of ours but for where it goes.
struct ReverseProxy::Outgoing {
  std::string_view method;
  bool reads = false;
  bool expects_continue = false;
  std::span<const http::Header> headers;
  http::BodySource* body = nullptr;
  /// Null where nobody is there who could leave.
  const http::Exchange* asker = nullptr;
};

Task<ClientResult<ClientResponse>> ReverseProxy::send(Outgoing outgoing, std::string target,
                                                      std::string scope) {
  const auto upstream = upstream_;
  for (int redirects = 0;; ++redirects) {
    http::ClientRequest request(outgoing.method, target);
    for (const http::Header& header : outgoing.headers) request.add(header.name, header.value);
    // What is compressed on the way could not be checked against its digest.
    request.add("Accept-Encoding", "identity");
    request.expect_continue(outgoing.expects_continue);
    if (outgoing.reads && outgoing.asker != nullptr) {
      request.wanted_while([asker = outgoing.asker] { return !asker->client_left(); });
    }
    auto answer = co_await upstream->send(std::move(request), scope, outgoing.body);
    if (!answer) co_return answer;
    if (const auto name = doubled(answer->head())) {
      co_return untrustworthy("the registry behind sent a header twice", std::string(*name));
    }
    if (!is_redirect(answer->head().status)) co_return answer;
    if (!outgoing.reads) co_return untrustworthy("the registry behind redirects a write elsewhere");
    const auto place = resolver_.resolve(answer->head().find("Location").value_or(""), target);
    if (!place) co_return untrustworthy("the registry behind redirects to no usable place");
    if (!place->own) co_return answer;
    if (redirects == kRedirects) {
      co_return untrustworthy("the registry behind redirects in circles");
    }
    target = place->target;
    std::ignore = co_await answer->read_all(kScrap);
  }
}

Task<ClientResult<ClientResponse>> ReverseProxy::forward(http::Exchange& exchange,
                                                         std::string target, std::string scope,
                                                         std::string_view accept) {
  const http::RequestHead& head = exchange.head();
  auto headers = headers_for_upstream(head);
  if (!accept.empty() && accepts_anything(head)) {
    std::erase_if(headers, is_accept);
    headers.push_back({.name = "Accept", .value = accept});
  }
  http::ForwardedBody body(exchange.body());
  Outgoing outgoing;
  outgoing.method = head.method_text;
  outgoing.reads = head.method == Method::get || head.method == Method::head;
  outgoing.headers = headers;
  outgoing.expects_continue = exchange.body().awaiting_continue();
  outgoing.body = head.framing == Framing::none ? nullptr : &body;
  outgoing.asker = &exchange;
  co_return co_await send(outgoing, std::move(target), std::move(scope));
}

Task<ClientResult<ClientResponse>> ReverseProxy::fetch(std::string target, std::string scope,
                                                       std::string accept) {
  const http::Header header{.name = "Accept", .value = accept};
  Outgoing outgoing;
  outgoing.method = "GET";
  outgoing.reads = true;
  outgoing.headers = std::span(&header, 1);
  co_return co_await send(outgoing, std::move(target), std::move(scope));
}

void ReverseProxy::copy_headers(http::Exchange& exchange, const http::ResponseHead& head) {
  for (const http::Header& header : head.headers) {
    if (is_for_client(header.name)) exchange.header(header.name, header.value);
  }
}

Task<Result<>> ReverseProxy::relay_body(http::Exchange& exchange, ClientResponse& answer) {
  const http::ResponseHead& head = answer.head();
  const auto length = head.content_length;
  if (exchange.head().method == Method::head) {
    if (length) {
      co_await exchange.send_head(*length);
    } else {
      std::ignore = co_await exchange.begin_unbounded();
    }
  } else if (head.framing == Framing::none) {
    co_await exchange.send_empty();
  } else if (head.framing == Framing::length && length.value_or(0) <= kSmallBody) {
    auto body = co_await answer.read_all(kSmallBody);
    if (!body) co_return failure(std::move(body).error());
    co_await exchange.send(*body);
  } else {
    const auto begun = head.framing == Framing::length ? co_await exchange.begin(*length)
                                                       : co_await exchange.begin_unbounded();
    if (begun) co_await pump(exchange, answer);
  }
  co_return Result<>{};
}

}  // namespace moorgate::gateway
