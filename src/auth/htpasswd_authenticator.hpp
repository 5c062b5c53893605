#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "auth/authenticator.hpp"
#include "auth/htpasswd_file.hpp"
#include "auth/shared_verifications.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "net/blocking.hpp"

namespace moorgate::auth {

/// Users of one htpasswd file. The table is replaced while requests run; each request works with
/// the table it began with. Hashing happens on `pool` only.
class HtpasswdAuthenticator final : public UserSource {
 public:
  HtpasswdAuthenticator(std::shared_ptr<const HtpasswdTable> table, net::Blocking& pool);
  ~HtpasswdAuthenticator() override;

  Task<Result<std::optional<Principal>>> verify(const Credentials& credentials) override;
  Task<Result<>> pretend(const Credentials& credentials) override;
  std::uint64_t generation() const noexcept override { return generation_.load(); }

  /// Any thread; not null.
  void replace(std::shared_ptr<const HtpasswdTable> table);

 private:
  struct Version;

  Task<Result<bool>> check(std::shared_ptr<const Version> current,
                           const HtpasswdTable::Entry& entry, const Credentials& credentials);

  std::shared_ptr<const Version> version() const;

  SharedVerifications verifications_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Version> version_;  // guarded by mutex_
  std::atomic<std::uint64_t> generation_{1};
};

}  // namespace moorgate::auth
