#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/task.hpp"
#include "net/address.hpp"

namespace moorgate::net {

class Blocking;
class Worker;

/// Host names into addresses, looked up on a pool thread and remembered for a short while, since
/// servers move. One worker's own; may be destroyed before or after it.
class Resolver {
 public:
  static constexpr std::chrono::seconds kFresh{30};
  static constexpr std::chrono::seconds kPatience{5};
  static constexpr std::size_t kMaxHosts = 64;
  static constexpr std::size_t kMaxAddresses = 8;

  /// Runs on a pool thread. The port of what it returns is of no matter.
  using Lookup = std::function<Result<std::vector<Address>>(const std::string& host)>;

  /// `pool` should be one of its own: the system's resolver can take many seconds. What was found
  /// is used for as long as it is `fresh`.
  Resolver(Worker& worker, Blocking& pool, Lookup lookup = system_lookup,
           std::chrono::milliseconds fresh = kFresh);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// At least one address, each with `port`. Numeric hosts need no look-up; look-ups of one host
  /// are shared. What is no longer fresh is still used where the look-up fails. `unavailable` for
  /// an unknown name and after kPatience.
  Task<Result<std::vector<Address>>> resolve(std::string host, std::uint16_t port);
  /// The addresses of `host` were of no use: the next resolve() looks again.
  void forget(const std::string& host);

  /// getaddrinfo(3).
  static Result<std::vector<Address>> system_lookup(const std::string& host);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace moorgate::net
