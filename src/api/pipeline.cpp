#include "api/pipeline.hpp"

#include <utility>

#include "api/answer.hpp"
#include "api/error_body.hpp"

namespace moorgate::api {
namespace {

using http::Method;

std::string_view code_for_status(int status) noexcept {
  return status >= 500 ? "UNKNOWN" : "UNSUPPORTED";
}

}  // namespace

http::ErrorPage Pipeline::error_page(int status, std::string_view reason) const {
  return {.content_type = kJson,
          .body = render_error(code_for_status(status), reason),
          .headers = "Docker-Distribution-Api-Version: registry/2.0\r\n"};
}

Task<> Pipeline::handle(http::Exchange& exchange) {
  if (!is_registry_path(exchange.head().path)) return handle_page(exchange);
  // Mostly there is nothing to wait for, and every request pays for a coroutine.
  if (auto known = gate_.identify_at_once(exchange)) {
    return handle_registry(exchange, std::move(known));
  }
  return handle_newcomer(exchange);
}

Task<> Pipeline::handle_newcomer(http::Exchange& exchange) {
  auto caller = co_await gate_.identify(exchange);
  if (caller) {
    co_await handle_registry(exchange, *std::move(caller));
  } else {
    co_await gate_.refuse(exchange, std::move(caller).error());
  }
}

Task<> Pipeline::handle_page(http::Exchange& exchange) {
  const std::string_view path = exchange.head().path;
  const bool reads =
      exchange.head().method == Method::get || exchange.head().method == Method::head;
  for (const Page& page : pages_) {
    if (path != page.path || !reads) continue;
    if (page.sign_in_needed) {
      auto caller = co_await gate_.identify(exchange);
      if (caller && (*caller)->anonymous()) {
        caller = std::unexpected(Refusal::challenge("sign in to see this page"));
      }
      if (!caller) {
        co_await gate_.refuse(exchange, std::move(caller).error());
        co_return;
      }
    }
    co_await page.handler->handle(exchange);
    co_return;
  }
  if (path == "/" && reads) {
    // Load balancers probe it.
    exchange.status(200);
    exchange.header("Content-Type", "text/plain; charset=utf-8");
    co_await exchange.send("Moorgate: a container registry. Its API is at /v2/.\n");
    co_return;
  }
  exchange.record.reason = "no such page";
  exchange.status(404);
  exchange.header("Content-Type", kJson);
  co_await exchange.send(
      render_error("UNSUPPORTED", "no such page; the registry's API is below /v2/"));
}

Task<> Pipeline::handle_registry(http::Exchange& exchange,
                                 std::shared_ptr<const auth::Principal> caller) {
  const auth::Principal& principal = *caller;
  const http::RequestHead& head = exchange.head();
  const Intent intent = Intent::of(head.method, head.path, head.query);
  if (intent.route.repository) exchange.record.repository = intent.route.repository->text();
  if (const auto action = intent.action()) exchange.record.action = access::to_string(*action);
  auto admitted = gate_.admit(principal, intent);
  if (!admitted) {
    Refusal refusal = std::move(admitted).error();
    co_await gate_.refuse(exchange, std::move(refusal));
    co_return;
  }
  const Call call{exchange, principal, intent.route, *intent.query};
  if (*admitted) {
    co_await backend_->handle(call, **admitted);
  } else if (intent.route.endpoint == Endpoint::base) {
    start_answer(exchange, 200);
    co_await send_json(exchange, 200, "{}");
  } else {
    co_await backend_->handle(call);
  }
}

}  // namespace moorgate::api
