#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace moorgate::log {

/// A warning that strangers, or a state that lasts, can provoke again and again: written at most
/// once in `interval`, and each line says how many were left out since the one before. Any thread.
class RareWarning {
 public:
  using Clock = std::chrono::steady_clock;

  /// `message` as log::write() takes it: a constant sentence.
  explicit constexpr RareWarning(std::string_view message,
                                 std::chrono::seconds interval = std::chrono::seconds(10)) noexcept
      : message_(message), interval_(interval) {}

  /// `key` says what `who` is: "client", "address".
  void write(std::string_view key, std::string_view who, std::string_view error);

  /// nullopt: left out. Else how many were, since the last one that was due.
  std::optional<std::int64_t> due(Clock::time_point now) noexcept;

 private:
  const std::string_view message_;
  const Clock::duration interval_;
  std::atomic<Clock::rep> next_{INT64_MIN};
  std::atomic<std::int64_t> left_out_{0};
};

}  // namespace moorgate::log
