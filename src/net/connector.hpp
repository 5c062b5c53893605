#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/task.hpp"
#include "net/stream.hpp"

namespace moorgate::net {

class Blocking;
class Resolver;
class TlsClientContext;
class Worker;

/// Whom to connect to, and how long each address may take, TLS handshake included.
struct Destination {
  std::string host;  ///< A name or an IP address, without brackets.
  std::uint16_t port = 0;
  /// Instead of host and port.
  std::string socket_path;
  /// Null: plain.
  std::shared_ptr<const TlsClientContext> tls;
  std::chrono::milliseconds patience{5'000};
};

/// A connected stream whose handshake is done. The host's addresses are tried in turn; if none is
/// of use the resolver forgets them. `unavailable`: the message names nobody, the detail says what
/// was wrong with which address. `too_many_requests`: this process has no descriptor left for it,
/// which says nothing about the host.
Task<Result<std::unique_ptr<Stream>>> connect(Worker& worker, Blocking& blocking,
                                              std::shared_ptr<Resolver> resolver,
                                              Destination destination);

}  // namespace moorgate::net
