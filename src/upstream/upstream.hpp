#pragma once

#include <memory>
#include <string>

#include "base/task.hpp"
#include "http/client_pool.hpp"
#include "upstream/origin.hpp"

namespace moorgate::net {
class Blocking;
class Worker;
}  // namespace moorgate::net

namespace moorgate::upstream {

/// One worker's way to the upstream: connections, tokens, and the circuit breaker in front of them.
/// May be destroyed (on the worker's loop, or when it has stopped) before or after its worker.
class Upstream {
 public:
  /// `names` resolves host names: a pool of its own, since a resolver can be slow. It has finished
  /// before the worker is destroyed.
  Upstream(net::Worker& worker, net::Blocking& names, std::shared_ptr<Origin> origin);
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  /// Sends `request` with our own credentials. `scope` is what a token must allow
  /// ("repository:a/b:pull,push", several separated by one blank, empty for /v2/ itself). A 401 is
  /// answered once with fresh credentials if the body can be sent again or was not touched; a 401
  /// that stays is Kind::credentials. Every other answer, 5xx too, is the upstream's own and
  /// returned. `body` (null: none) outlives the call and is not used afterwards.
  Task<http::ClientResult<http::ClientResponse>> send(http::ClientRequest request,
                                                      std::string scope, http::BodySource* body);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace moorgate::upstream
