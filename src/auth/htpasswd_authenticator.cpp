#include "auth/htpasswd_authenticator.hpp"

#include <string>
#include <utility>

#include "auth/credential_key.hpp"
#include "auth/password_hash.hpp"

namespace moorgate::auth {

struct HtpasswdAuthenticator::Version {
  std::shared_ptr<const HtpasswdTable> table;
  std::uint64_t number = 0;
};

HtpasswdAuthenticator::HtpasswdAuthenticator(std::shared_ptr<const HtpasswdTable> table,
                                             net::Blocking& pool)
    : verifications_(pool), version_(std::make_shared<Version>(std::move(table), 1)) {}

HtpasswdAuthenticator::~HtpasswdAuthenticator() = default;

Task<Result<std::optional<Principal>>> HtpasswdAuthenticator::verify(
    const Credentials& credentials) {
  const auto current = version();
  const auto* entry = current->table->find(credentials.user());
  if (entry == nullptr) co_return std::optional<Principal>();
  const auto& hash = entry->usable ? *entry : current->table->decoy();
  auto right = co_await check(current, hash, credentials);
  if (!right) co_return failure(std::move(right).error());
  if (!*right || !entry->usable) co_return failure(wrong_credentials());
  co_return Principal(credentials.user(), "htpasswd");
}

Task<Result<>> HtpasswdAuthenticator::pretend(const Credentials& credentials) {
  const auto current = version();
  auto ignored = co_await check(current, current->table->decoy(), credentials);
  if (!ignored) co_return failure(std::move(ignored).error());
  co_return Result<>();
}

Task<Result<bool>> HtpasswdAuthenticator::check(std::shared_ptr<const Version> current,
                                                const HtpasswdTable::Entry& entry,
                                                const Credentials& credentials) {
  // Who joins a verification under way must be asking about the same hash.
  const auto context =
      std::to_string(current->number) + ":" + entry.hash + ":" + credentials.user();
  const CredentialKey key = credential_key(context, credentials.password().reveal());
  auto work = [current, &entry, password = credentials.password()] {
    return verify_password(entry.hash, entry.scheme, password.reveal());
  };
  co_return co_await verifications_.run(key, std::move(work));
}

std::shared_ptr<const HtpasswdAuthenticator::Version> HtpasswdAuthenticator::version() const {
  const std::scoped_lock lock(mutex_);
  return version_;
}

void HtpasswdAuthenticator::replace(std::shared_ptr<const HtpasswdTable> table) {
  const std::scoped_lock lock(mutex_);
  version_ = std::make_shared<Version>(std::move(table), version_->number + 1);
  // After the table: whoever reads the new number also finds the new table.
  generation_ = version_->number;
}

}  // namespace moorgate::auth
