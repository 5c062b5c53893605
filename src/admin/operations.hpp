#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <utility>

#include "base/error.hpp"
#include "http/exchange.hpp"

namespace moorgate::admin {

/// The pages for those who run Moorgate: /healthz (the process answers), /readyz (what it
/// needs answers too, and it is not being stopped), /metrics (Prometheus' text format).
class Operations final : public http::Handler {
 public:
  /// Whether what the process needs answers; asked once a second at most.
  using Check = std::function<Task<Result<>>()>;

  /// `serving` turns false when the process drains.
  Operations(Check check, const std::atomic<bool>& serving)
      : ask_(std::move(check)), serving_(serving) {}

  Task<> handle(http::Exchange& exchange) override;
  http::ErrorPage error_page(int status, std::string_view reason) const override;

 private:
  Task<Result<>> check();

  const Check ask_;
  const std::atomic<bool>& serving_;
  /// The last check: strangers may ask, so they do not get one each.
  Result<> checked_;
  std::chrono::steady_clock::time_point checked_until_;
};

/// Counts one finished request. Any worker.
void count_request(const http::Exchange& exchange, std::chrono::microseconds duration);

}  // namespace moorgate::admin
