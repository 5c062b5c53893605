#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace moorgate::net {

/// Milliseconds of the coarse monotonic clock: a few nanoseconds to read, 4 ms fine.
std::int64_t coarse_now() noexcept;

class Watchdog;

/// One connection's limit of patience. Moving it is a store, so it may follow every byte of
/// progress; one timer per worker, not one per connection, looks at all of them. Loop-owned.
class Deadline {
 public:
  /// `expired` runs on the worker's loop, once per set(), and must not destroy the Deadline.
  Deadline(Watchdog& watchdog, std::function<void()> expired);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set(std::chrono::milliseconds from_now) noexcept { at_ = coarse_now() + from_now.count(); }
  void clear() noexcept { at_ = kNever; }

 private:
  friend class Watchdog;
  static constexpr std::int64_t kNever = INT64_MAX;
  std::int64_t at_ = kNever;
  std::function<void()> expired_;
  Watchdog& watchdog_;
  Deadline* next_ = nullptr;
  Deadline* previous_ = nullptr;
};

/// Fires what is due; the worker calls check() a few times a second.
class Watchdog {
 public:
  Watchdog() = default;
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  void check();

 private:
  friend class Deadline;
  Deadline* first_ = nullptr;
};

}  // namespace moorgate::net
