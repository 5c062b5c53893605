#include "admin/operations.hpp"

#include <string>
#include <utility>

#include "admin/metrics_text.hpp"

namespace moorgate::admin {
namespace {

Task<> send_text(http::Exchange& exchange, int status, std::string_view text) {
  exchange.status(status);
  exchange.header("Content-Type", "text/plain; charset=utf-8");
  exchange.header("Cache-Control", "no-store");
  co_await exchange.send(text);
}

}  // namespace

http::ErrorPage Operations::error_page(int /*status*/, std::string_view reason) const {
  return {.content_type = "text/plain; charset=utf-8",
          .body = std::string(reason) + "\n",
          .headers = {}};
}

Task<Result<>> Operations::check() {
  const auto now = std::chrono::steady_clock::now();
  if (now >= checked_until_) {
    checked_until_ = now + std::chrono::seconds(1);
    checked_ = co_await ask_();
  }
  co_return checked_;
}

Task<> Operations::handle(http::Exchange& exchange) {
  const std::string_view path = exchange.head().path;
  if (path == "/healthz") {
    co_await send_text(exchange, 200, "ok\n");
  } else if (path == "/readyz") {
    if (!serving_) {
      co_await send_text(exchange, 503, "stopping\n");
      co_return;
    }
    const auto checked = co_await check();
    const std::string problem = checked ? "" : "not ready: " + checked.error().message + "\n";
    co_await send_text(exchange, checked ? 200 : 503, checked ? "ready\n" : problem);
  } else if (path == "/metrics") {
    exchange.status(200);
    exchange.header("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    co_await exchange.send(render_metrics());
  } else {
    exchange.record.reason = "no such page";
    co_await send_text(exchange, 404, "no such page; there are /healthz, /readyz and /metrics\n");
  }
}

}  // namespace moorgate::admin
