#include "auth/cached_authenticator.hpp"

#include <string>
#include <utility>

#include "auth/credential_key.hpp"
#include "auth/credentials.hpp"

namespace moorgate::auth {

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
}

}  // namespace moorgate::auth
