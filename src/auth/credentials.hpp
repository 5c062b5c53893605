#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace moorgate::auth {

/// What a client says about itself in its Authorization header: a user with a password, or nothing.
class Credentials {
 public:
  static constexpr std::size_t kMaxHeader = std::size_t{16} << 10U;
  static constexpr std::size_t kMaxUser = 255;

  /// Reads the header's value; empty means there is no header. podman's `Basic Og==` (neither user
  /// nor password) is nothing, too. `unauthorized`, with the reason, for another scheme, for a
  /// malformed value (a control character in the user, a NUL in the password, an empty user) and
  /// for a user with an empty password: a failed login is never taken for anonymous.
  static Result<Credentials> parse(std::string_view authorization);

  /// Nothing.
  Credentials() = default;
  Credentials(std::string user, Secret password)
      : user_(std::move(user)), password_(std::move(password)) {}

  bool none() const noexcept { return user_.empty(); }
  const std::string& user() const noexcept { return user_; }
  const Secret& password() const noexcept { return password_; }

 private:
  std::string user_;
  Secret password_;
};

}  // namespace moorgate::auth
