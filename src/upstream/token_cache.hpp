#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/secret.hpp"
#include "base/task.hpp"
#include "http/client_failure.hpp"
#include "upstream/token.hpp"

namespace moorgate::net {
class Worker;
}  // namespace moorgate::net

namespace moorgate::upstream {

/// One worker's bearer tokens by scope: one request to the token service at a time for each, a new
/// one in the background when three quarters of a lifetime are over, a refusal remembered for a few
/// seconds so that a wrong password does not lock an account. May be destroyed before or after its
/// worker.
class TokenCache {
 public:
  static constexpr std::size_t kMaxScopes = 1024;
  static constexpr std::chrono::milliseconds kRefusalRemembered{5'000};

  using Fetch = std::function<Task<http::ClientResult<Token>>(std::string scope)>;

  TokenCache(net::Worker& worker, Fetch fetch);
  ~TokenCache();
  TokenCache(const TokenCache&) = delete;
  TokenCache& operator=(const TokenCache&) = delete;

  Task<http::ClientResult<Secret>> get(std::string scope);
  /// The upstream did not take it.
  void drop(const std::string& scope);
  /// Another token service.
  void clear();
  std::size_t size() const noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace moorgate::upstream
