#include "auth/cached_authenticator.hpp"

#include <string>
#include <utility>

#include "auth/credential_key.hpp"
#include "auth/credentials.hpp"
#include "base/secret.hpp"
#include "crypto/hmac.hpp"

namespace moorgate::auth {

namespace {

/// Beyond what the cache itself allows: short, because nothing evicts it.
constexpr std::chrono::seconds kMemoLife{30};

struct SignedIn final : http::ConnectionMemo {
  Secret authorization;
  std::shared_ptr<const Principal> principal;
  std::uint64_t epoch = 0;
  std::uint64_t generation = 0;
  CachedAuthenticator::Clock::time_point until;
};

}  // namespace

CachedAuthenticator::CachedAuthenticator(std::shared_ptr<Authenticator> authenticator,
                                         std::shared_ptr<LoginThrottle> throttle,
                                         VerifiedCredentialCache::Options options, Now now)
    : authenticator_(std::move(authenticator)),
      throttle_(std::move(throttle)),
      now_(now),
      anonymous_(std::make_shared<Principal>()),
      cache_(options) {}

std::shared_ptr<const Principal> CachedAuthenticator::cached(std::string_view authorization) {
  if (authorization.empty()) return anonymous_;
  if (authorization.size() > Credentials::kMaxHeader) return nullptr;
  return cache_.find(credential_key(authorization), authenticator_->generation(), now_()).principal;
}

std::shared_ptr<const Principal> CachedAuthenticator::cached(
    std::string_view authorization, std::unique_ptr<http::ConnectionMemo>& memo) {
  if (authorization.empty()) return anonymous_;
  const auto now = now_();
  const std::uint64_t generation = authenticator_->generation();
  auto* last = static_cast<SignedIn*>(memo.get());
  if (last != nullptr && last->epoch == epoch_ && last->generation == generation &&
      now < last->until &&
      crypto::equal_in_constant_time(last->authorization.reveal(), authorization)) {
    return last->principal;
  }
  auto principal = cached(authorization);
  if (!principal) {
    memo.reset();
    return nullptr;
  }
  auto fresh = std::make_unique<SignedIn>();
  fresh->authorization = Secret(std::string(authorization));
  fresh->principal = principal;
  fresh->epoch = epoch_;
  fresh->generation = generation;
  fresh->until = now + kMemoLife;
  memo = std::move(fresh);
  return principal;
}

Task<Result<std::shared_ptr<const Principal>>> CachedAuthenticator::authenticate(
    std::string_view authorization) {
  auto credentials = Credentials::parse(authorization);
  if (!credentials) co_return failure(std::move(credentials).error());
  if (credentials->none()) co_return anonymous_;

  const CredentialKey key = credential_key(authorization);
  const auto authenticator = authenticator_;
  const std::uint64_t generation = authenticator->generation();
  const auto known = cache_.find(key, generation, now_());
  if (known.principal) co_return known.principal;
  if (known.state == VerifiedCredentialCache::State::refused)
    co_return failure(wrong_credentials());

  // The throttle's memory is of credentials, not of the ways to write them in a header.
  const std::string user = credentials->user();
  const CredentialKey credential = credential_key(user, credentials->password().reveal());
  if (const auto wait = throttle_->admit(user, credential, now_())) {
    co_return failure(Code::too_many_requests,
                      "too many wrong passwords for this user; try again in " +
                          std::to_string(wait->count()) + " s");
  }

  auto verified = co_await authenticator->authenticate(*std::move(credentials));
  const bool current = authenticator == authenticator_;
  if (!verified) {
    if (current && verified.error().code == Code::unauthorized) {
      cache_.refuse(key, generation, now_());
    }
    co_return failure(std::move(verified).error());
  }
  throttle_->succeeded(user, credential, now_());
  auto principal = std::make_shared<const Principal>(*std::move(verified));
  if (current) cache_.accept(key, principal, generation, now_());
  co_return principal;
}

void CachedAuthenticator::replace(std::shared_ptr<Authenticator> authenticator) {
  authenticator_ = std::move(authenticator);
  cache_.clear();
  ++epoch_;
}

}  // namespace moorgate::auth
