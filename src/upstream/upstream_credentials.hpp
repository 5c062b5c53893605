#pragma once

#include <memory>
#include <string>

#include "base/secret.hpp"
#include "base/task.hpp"
#include "http/client_failure.hpp"
#include "http/dial.hpp"
#include "http/response_head.hpp"
#include "upstream/origin.hpp"

namespace moorgate::upstream {

/// What one worker shows the upstream: found out beforehand by asking /v2/, so that an upload need
/// not be sent twice. May be destroyed before or after its worker.
class UpstreamCredentials {
 public:
  UpstreamCredentials(http::Dialer dialer, std::shared_ptr<Origin> origin);
  ~UpstreamCredentials();
  UpstreamCredentials(const UpstreamCredentials&) = delete;
  UpstreamCredentials& operator=(const UpstreamCredentials&) = delete;

  /// The Authorization header for `scope`; empty if the upstream wants none. Kind::credentials
  /// where it wants what we have not, or its token service refuses us; other kinds if upstream or
  /// token service cannot be asked.
  Task<http::ClientResult<Secret>> get(std::string scope);

  /// The upstream answered `head` (a 401) to what get(scope) gave. True if another get() may help.
  bool refused(const http::ResponseHead& head, const std::string& scope);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace moorgate::upstream
