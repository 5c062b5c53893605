#include <array>
#include <string>

#include "admin/operations.hpp"
#include "base/metrics.hpp"

namespace moorgate::admin {
namespace {

constexpr std::size_t kMethods = 7;
constexpr std::array<const char*, kMethods> kMethodNames = {"GET",   "HEAD",   "POST", "PUT",
                                                            "PATCH", "DELETE", "other"};
constexpr std::array<const char*, 6> kStatusClasses = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};

/// Looked up once: a finished request is three additions.
struct Counters {
  std::array<std::array<metrics::Counter*, kStatusClasses.size()>, kMethods> requests{};
  metrics::Counter& received =
      metrics::counter("moorgate_received_bytes_total", "Bytes of request bodies received");
  metrics::Counter& sent =
      metrics::counter("moorgate_sent_bytes_total", "Bytes of response bodies sent");
  metrics::Counter& denied =
      metrics::counter("moorgate_denied_requests_total", "Requests answered with 401 or 403");
  metrics::Histogram& duration = metrics::histogram(
      "moorgate_request_duration_seconds", "From the complete request head to the last byte");

  Counters() {
    for (std::size_t method = 0; method < kMethods; ++method) {
      for (std::size_t status = 0; status < kStatusClasses.size(); ++status) {
        requests[method][status] = &metrics::counter(
            "moorgate_requests_total", "Requests answered",
            {{"method", kMethodNames[method]}, {"status", kStatusClasses[status]}});
      }
    }
  }
};

}  // namespace

void count_request(const http::Exchange& exchange, std::chrono::microseconds duration) {
  static Counters counters;
  const auto method = static_cast<std::size_t>(exchange.head().method);
  const auto status = static_cast<std::size_t>(exchange.status()) / 100;
  counters.requests[method][status < kStatusClasses.size() ? status : 0]->add();
  if (exchange.body().received() > 0) counters.received.add(exchange.body().received());
  if (exchange.bytes_sent() > 0) counters.sent.add(exchange.bytes_sent());
  if (exchange.status() == 401 || exchange.status() == 403) counters.denied.add();
  counters.duration.observe(std::chrono::duration<double>(duration).count());
}

}  // namespace moorgate::admin
