#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "auth/credential_key.hpp"

namespace moorgate::auth {

/// Slows down guessing: each user name has a bucket of attempts that refills with time, and only a
/// password not tried lately takes one out. Names that do not exist are treated alike. Shared by
/// all workers.
class LoginThrottle {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    double burst = 10;
    double per_second = 1;
    std::size_t users = 16384;  // remembered at a time
  };

  explicit LoginThrottle(Options options) : options_(options) {}

  /// Before a verification: nullopt to go ahead, else how long to wait. A credential that was let
  /// through a moment ago, or was found right before, goes ahead for free: one stale password in a
  /// parallel push counts once, and guessing by others does not lock out whoever has signed in.
  std::optional<std::chrono::seconds> admit(std::string_view user, const CredentialKey& credential,
                                            Clock::time_point now);

  /// After one: the credential is right, which gives the attempt back.
  void succeeded(std::string_view user, const CredentialKey& credential, Clock::time_point now);

 private:
  // Parts of CredentialKeys: nobody outside can aim at a collision.
  using Mark = std::uint64_t;
  struct Attempt {
    Mark credential = 0;
    Clock::time_point at = {};
  };
  struct User {
    CredentialKey key = {};
    double left = 0;
    Clock::time_point refilled = {};
    std::array<Attempt, 16> attempts = {};
    std::size_t next_attempt = 0;
    std::array<Mark, 4> proven = {};
    std::size_t next_proven = 0;
  };

  User& find(std::string_view user, Clock::time_point now);

  const Options options_;
  std::mutex mutex_;
  std::list<User> order_;  // most recently used first
  std::unordered_map<CredentialKey, std::list<User>::iterator, CredentialKeyHash> index_;
};

}  // namespace moorgate::auth
