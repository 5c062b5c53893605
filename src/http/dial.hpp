#pragma once

#include <memory>

#include "base/task.hpp"
#include "http/client_connection.hpp"
#include "http/url.hpp"

namespace moorgate::net {
class Blocking;
class Resolver;
class TlsClientContext;
class Worker;
}  // namespace moorgate::net

namespace moorgate::http {

/// What connections are made with, on one worker.
struct Dialer {
  net::Worker& worker;
  net::Blocking& blocking;
  std::shared_ptr<net::Resolver> resolver;
};

/// A new connection to where `url` points. `tls` is for https and must not be null then.
/// Kind::unreachable, with the reason in the detail.
Task<ClientResult<std::shared_ptr<ClientConnection>>> dial(
    Dialer dialer, Url url, std::shared_ptr<const net::TlsClientContext> tls,
    ClientTimeouts timeouts);

}  // namespace moorgate::http
