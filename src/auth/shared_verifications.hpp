#pragma once

#include <functional>
#include <memory>

#include "auth/credential_key.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "net/blocking.hpp"

namespace moorgate::auth {

/// Verifications on pool threads, one at a time per credential: whoever asks for one that is under
/// way, from whichever worker, waits for that one's answer. Any thread may call.
class SharedVerifications {
 public:
  explicit SharedVerifications(net::Blocking& pool);

  /// `verify` runs on a pool thread. `unavailable` when the pool's queue is full.
  Task<Result<bool>> run(CredentialKey key, std::move_only_function<Result<bool>()> verify);

 private:
  struct State;
  net::Blocking& pool_;
  const std::shared_ptr<State> state_;  // outlives this object while a verification runs
};

}  // namespace moorgate::auth
