#include "net/deadline.hpp"

#include <time.h>

#include <utility>

namespace moorgate::net {

std::int64_t coarse_now() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

Deadline::Deadline(Watchdog& watchdog, std::function<void()> expired)
    : expired_(std::move(expired)), watchdog_(watchdog), next_(watchdog.first_) {
  if (next_ != nullptr) next_->previous_ = this;
  watchdog.first_ = this;
}

Deadline::~Deadline() {
  if (previous_ != nullptr) {
    previous_->next_ = next_;
  } else {
    watchdog_.first_ = next_;
  }
  if (next_ != nullptr) next_->previous_ = previous_;
}

void Watchdog::check() {
  const std::int64_t now = coarse_now();
  for (Deadline* deadline = first_; deadline != nullptr; deadline = deadline->next_) {
    if (deadline->at_ > now) continue;
    deadline->clear();
    deadline->expired_();
  }
}

}  // namespace moorgate::net
