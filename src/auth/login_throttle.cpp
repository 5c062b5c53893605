#include "auth/login_throttle.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace moorgate::auth {
namespace {

// How long a credential once let through goes free. Longer than the caches remember a refusal, so
// that a client which goes on trying its stale password is told "wrong" and not "too many".
constexpr std::chrono::seconds kAttemptRemembered{60};

std::uint64_t mark_of(const CredentialKey& key) {
  std::uint64_t mark = 0;
  std::memcpy(&mark, key.data() + 8, sizeof mark);
  return mark | 1U;  // 0 is an empty slot
}

bool is_proven(const auto& proven, std::uint64_t mark) {
  return std::ranges::find(proven, mark) != proven.end();
}

}  // namespace

std::optional<std::chrono::seconds> LoginThrottle::admit(std::string_view user,
                                                         const CredentialKey& credential,
                                                         Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  User& entry = find(user, now);
  const Mark mark = mark_of(credential);
  const bool tried_lately = std::ranges::any_of(entry.attempts, [&](const Attempt& attempt) {
    return attempt.credential == mark && now - attempt.at < kAttemptRemembered;
  });
  if (tried_lately || is_proven(entry.proven, mark)) return std::nullopt;
  if (entry.left < 1) {
    const double wait = options_.per_second > 0 ? (1 - entry.left) / options_.per_second : 3600;
    return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(wait)));
  }
  entry.left -= 1;
  entry.attempts[entry.next_attempt++ % entry.attempts.size()] = {mark, now};
  return std::nullopt;
}

void LoginThrottle::succeeded(std::string_view user, const CredentialKey& credential,
                              Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  User& entry = find(user, now);
  const Mark mark = mark_of(credential);
  if (is_proven(entry.proven, mark)) return;
  entry.proven[entry.next_proven++ % entry.proven.size()] = mark;
  entry.left = std::min(options_.burst, entry.left + 1);
}

LoginThrottle::User& LoginThrottle::find(std::string_view user, Clock::time_point now) {
  const CredentialKey key = credential_key(user);
  if (const auto known = index_.find(key); known != index_.end()) {
    order_.splice(order_.begin(), order_, known->second);
    User& entry = *known->second;
    // Workers read the clock before they take turns here: a moment may come after a later one.
    const std::chrono::duration<double> passed = std::max(now, entry.refilled) - entry.refilled;
    entry.left = std::min(options_.burst, entry.left + passed.count() * options_.per_second);
    entry.refilled = std::max(now, entry.refilled);
    return entry;
  }
  if (order_.size() >= std::max<std::size_t>(1, options_.users)) {
    index_.erase(order_.back().key);
    order_.pop_back();
  }
  order_.push_front({.key = key, .left = options_.burst, .refilled = now});
  index_.emplace(key, order_.begin());
  return order_.front();
}

}  // namespace moorgate::auth
