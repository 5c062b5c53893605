#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "auth/authenticator.hpp"
#include "auth/login_throttle.hpp"
#include "auth/principal.hpp"
#include "auth/verified_credential_cache.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "http/exchange.hpp"

namespace moorgate::auth {

/// Step 3 of a request, one object per worker: Authorization header in, principal out, with a
/// verification only for what this worker has not seen lately.
///
///   auto principal = authenticator.cached(authorization);
///   if (!principal) { auto result = co_await authenticator.authenticate(authorization); … }
class CachedAuthenticator {
 public:
  using Clock = std::chrono::steady_clock;
  using Now = Clock::time_point (*)() noexcept;

  CachedAuthenticator(std::shared_ptr<Authenticator> authenticator,
                      std::shared_ptr<LoginThrottle> throttle,
                      VerifiedCredentialCache::Options options, Now now = &Clock::now);

  /// The principal if it is known without waiting, else null: ask authenticate(). An empty value
  /// (no header) is anonymous. The principal is shared because a long request outlives its entry.
  std::shared_ptr<const Principal> cached(std::string_view authorization);

  /// The same with a place on the connection to remember the answer in: most requests come from
  /// whoever sent the one before, and comparing is cheaper than hashing. The header is kept, as a
  /// Secret, for as long as the connection lives.
  std::shared_ptr<const Principal> cached(std::string_view authorization,
                                          std::unique_ptr<http::ConnectionMemo>& memo);

  /// `unauthorized`: answer 401 with a Challenge. `too_many_requests`: too many different wrong
  /// passwords for this user; never said to a credential that is in the cache. `unavailable`: 503.
  /// The result is never null. `authorization` stays valid until the answer.
  Task<Result<std::shared_ptr<const Principal>>> authenticate(std::string_view authorization);

  /// After a change of the `users` configuration. Requests under way keep the old one.
  void replace(std::shared_ptr<Authenticator> authenticator);

 private:
  std::shared_ptr<Authenticator> authenticator_;
  const std::shared_ptr<LoginThrottle> throttle_;
  const Now now_;
  const std::shared_ptr<const Principal> anonymous_;
  VerifiedCredentialCache cache_;
  /// Counts replace(): what connections remember is older than it.
  std::uint64_t epoch_ = 0;
};

}  // namespace moorgate::auth
