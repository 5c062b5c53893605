#include "base/rare_warning.hpp"

#include "base/log.hpp"

namespace moorgate::log {

std::optional<std::int64_t> RareWarning::due(Clock::time_point now) noexcept {
  const Clock::rep at = now.time_since_epoch().count();
  Clock::rep next = next_.load(std::memory_order_relaxed);
  // Whoever moves the mark writes the line.
  if (at < next || !next_.compare_exchange_strong(next, at + interval_.count())) {
    left_out_.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  return left_out_.exchange(0, std::memory_order_relaxed);
}

void RareWarning::write(std::string_view key, std::string_view who, std::string_view error) {
  const auto left_out = due(Clock::now());
  if (!left_out) return;
  warning(message_, {{key, who}, {"error", error}, {"left_out", *left_out}});
}

}  // namespace moorgate::log
