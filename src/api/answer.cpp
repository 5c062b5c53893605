#include "api/answer.hpp"

#include <utility>

#include "api/error_body.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace moorgate::api {

void start_answer(http::Exchange& exchange, int status) {
  exchange.restart_response();
  exchange.status(status);
  exchange.header(kVersionHeader, kVersionValue);
}

Task<> send_error(http::Exchange& exchange, Error error) {
  const WireError wire = wire_error(error.code);
  if (wire.status >= 500) {
    log::error("a request failed", {{"target", exchange.head().target},
                                    {"code", wire.code},
                                    {"error", error.message},
                                    {"detail", error.detail}});
  }
  if (exchange.record.reason.empty()) exchange.record.reason = error.message;
  start_answer(exchange, wire.status);
  exchange.header("Content-Type", kJson);
  if (may_come_again(wire.status)) exchange.header("Retry-After", "1");
  co_await exchange.send(render_error(wire.code, error.message));
}

Task<> finish_error(http::Exchange& exchange, Error error) {
  exchange.record.reason = error.message;
  exchange.header("Content-Type", kJson);
  co_await exchange.send(render_error(wire_error(error.code).code, error.message));
}

Task<> send_json(http::Exchange& exchange, int status, std::string body) {
  exchange.status(status);
  exchange.header("Content-Type", kJson);
  co_await exchange.send(body);
}

Task<> send_done(http::Exchange& exchange) {
  return exchange.send_empty();
}

Task<> send_no_extensions(http::Exchange& exchange) {
  start_answer(exchange, 200);
  co_await send_json(exchange, 200, "{\"extensions\":[]}\n");
}

bool etag_matches(std::string_view if_none_match, std::string_view etag) noexcept {
  while (!if_none_match.empty()) {
    const std::size_t comma = if_none_match.find(',');
    std::string_view candidate = trim(if_none_match.substr(0, comma));
    if (candidate == "*") return true;
    if (candidate.starts_with("W/")) candidate.remove_prefix(2);
    if (candidate == etag) return true;
    if (comma == std::string_view::npos) break;
    if_none_match.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace moorgate::api
