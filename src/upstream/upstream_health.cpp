#include "upstream/upstream_health.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace moorgate::upstream {

std::chrono::milliseconds UpstreamHealth::wait(std::int64_t now) const noexcept {
  if (!open()) return std::chrono::milliseconds(0);
  return std::chrono::milliseconds(
      std::max<std::int64_t>(0, probe_at_.load(std::memory_order_relaxed) - now));
}

void UpstreamHealth::succeeded() {
  // Open without failures: another worker opened it after a third one's success took them back.
  if (failures_.load(std::memory_order_relaxed) == 0 && !open()) return;
  failures_.store(0, std::memory_order_relaxed);
  bool was_open = true;
  if (!open_.compare_exchange_strong(was_open, false, std::memory_order_acq_rel)) return;
  log::info("the upstream is back", {{"upstream", name_}});
}

bool UpstreamHealth::failed(std::int64_t now, std::string_view why) {
  const int failures = failures_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (failures < kThreshold || open()) return false;
  back_off_.store(kFirstBackOff.count(), std::memory_order_relaxed);
  probe_at_.store(now + kFirstBackOff.count(), std::memory_order_relaxed);
  bool was_open = false;
  if (!open_.compare_exchange_strong(was_open, true, std::memory_order_acq_rel)) return false;
  log::error("the upstream is down; requests to it fail at once until it is back",
             {{"upstream", name_}, {"error", why}});
  return true;
}

void UpstreamHealth::probe_failed(std::int64_t now) noexcept {
  const std::int64_t longer = std::min<std::int64_t>(back_off_.load(std::memory_order_relaxed) * 2,
                                                     kLongestBackOff.count());
  back_off_.store(longer, std::memory_order_relaxed);
  probe_at_.store(now + longer, std::memory_order_relaxed);
}

}  // namespace moorgate::upstream
