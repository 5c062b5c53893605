#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace moorgate::upstream {

/// The circuit breaker in front of one upstream, shared by all workers; any thread. kThreshold
/// failures in a row open it: requests then fail at once instead of waiting. Whoever opened it
/// probes in the background, after 1 s and then after a back-off that doubles up to 30 s; requests
/// never do, since one of them may be an upload that takes an hour. Logs changes only.
class UpstreamHealth {
 public:
  static constexpr int kThreshold = 5;
  static constexpr std::chrono::milliseconds kFirstBackOff{1'000};
  static constexpr std::chrono::milliseconds kLongestBackOff{30'000};

  /// `name` for the log: the upstream's URL.
  explicit UpstreamHealth(std::string name) : name_(std::move(name)) {}

  /// Requests are held back.
  bool open() const noexcept { return open_.load(std::memory_order_acquire); }
  /// Until the next probe (`now`: net::coarse_now()); zero when closed.
  std::chrono::milliseconds wait(std::int64_t now) const noexcept;

  /// It answered: closes the circuit.
  void succeeded();
  /// True if this opened the circuit: the caller sees to the probes.
  bool failed(std::int64_t now, std::string_view why);
  void probe_failed(std::int64_t now) noexcept;

 private:
  const std::string name_;
  std::atomic<int> failures_{0};
  std::atomic<bool> open_{false};
  std::atomic<std::int64_t> probe_at_{0};
  std::atomic<std::int64_t> back_off_{0};
};

}  // namespace moorgate::upstream
