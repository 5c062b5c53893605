#pragma once

#include <cstdint>
#include <optional>

#include "auth/credentials.hpp"
#include "auth/principal.hpp"
#include "base/error.hpp"
#include "base/task.hpp"

namespace moorgate::auth {

/// The one text for an unknown user and a wrong password.
inline Error wrong_credentials() {
  return {.code = Code::unauthorized, .message = "wrong user name or password"};
}

/// Turns credentials into a principal. Any worker may call at any time.
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  /// Nothing becomes the anonymous principal. `unauthorized`: unknown user or wrong password, which
  /// look and take the same. `unavailable`: nobody can say now (directory down, queue full).
  virtual Task<Result<Principal>> authenticate(Credentials credentials) = 0;

  /// Changes whenever an earlier answer may no longer hold. Cheap: asked on every request.
  virtual std::uint64_t generation() const noexcept = 0;
};

/// One place where users are kept: a file, a directory.
class UserSource {
 public:
  virtual ~UserSource() = default;

  /// nullopt, without noticeable work: this source does not know the user, another one may.
  /// `unauthorized`: it does and the password is wrong, no other source shall be asked.
  virtual Task<Result<std::optional<Principal>>> verify(const Credentials& credentials) = 0;

  /// Works as hard as verify() for a user it knows, and never lets anyone in: for users whom no
  /// source knows, so that the time of a refusal does not tell who exists.
  virtual Task<Result<>> pretend(const Credentials& credentials) = 0;

  /// See Authenticator::generation.
  virtual std::uint64_t generation() const noexcept = 0;
};

}  // namespace moorgate::auth
