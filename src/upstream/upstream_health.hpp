#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace moorgate::upstream {

/// The circuit breaker in front of one upstream, shared by all workers; any thread. `kThreshold`
/// failures in a row open it: requests fail at once instead of waiting. After a back-off (1 s,
/// doubled up to 30 s) one probe may go; its success closes the circuit. Logs changes only.
class UpstreamHealth {
 public:
  static constexpr int kThreshold = 5;
  static constexpr std::chrono::milliseconds kFirstBackOff{1'000};
  static constexpr std::chrono::milliseconds kLongestBackOff{30'000};

  /// `name` for the log: the upstream's URL.
  explicit UpstreamHealth(std::string name) : name_(std::move(name)) {}

  enum class Permit : std::uint8_t { go, probe, wait };
  /// Whether a request may go now (milliseconds of net::coarse_now()). `probe`: it may, as the only
  /// one, and must report an outcome.
  Permit ask(std::int64_t now) noexcept;

  void succeeded();
  /// True if this opened the circuit: the caller starts the background probe.
  bool failed(std::int64_t now, const std::string& why);
  /// A probe that ended without telling anything.
  void withdrawn() noexcept;

  bool open() const noexcept { return open_.load(std::memory_order_acquire); }
  /// Until the next probe may go; zero when closed.
  std::chrono::milliseconds wait(std::int64_t now) const noexcept;

 private:
  const std::string name_;
  std::atomic<int> failures_{0};
  std::atomic<bool> open_{false};
  std::atomic<bool> probing_{false};
  std::atomic<std::int64_t> retry_at_{0};
  std::atomic<std::int64_t> back_off_{0};
};

}  // namespace moorgate::upstream
