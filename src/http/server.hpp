#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "base/log.hpp"
#include "http/access_log.hpp"
#include "http/exchange.hpp"
#include "http/limits.hpp"
#include "http/trusted_proxies.hpp"
#include "net/stream.hpp"
#include "net/tls_context.hpp"
#include "net/worker.hpp"

namespace moorgate::http {

class ServerConnection;

/// The HTTP server of one worker: its connections, and what they answer with. Everything here runs
/// on the worker's loop; what is replaced (handler, limits, certificates) counts from the next
/// request or connection on, and connections are never dropped for it.
class Server {
 public:
  Server(net::Worker& worker, net::Blocking& blocking, log::Format format);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void use(std::shared_ptr<Handler> handler) { handler_ = std::move(handler); }
  void use(const Limits& limits) { limits_ = limits; }
  void use(std::shared_ptr<const net::TlsContext> tls) { tls_ = std::move(tls); }
  void use(std::shared_ptr<const TrustedProxies> proxies) { proxies_ = std::move(proxies); }
  /// Called after every exchange, for counters.
  void on_finished(std::function<void(const Exchange&, std::chrono::microseconds)> observer) {
    finished_ = std::move(observer);
  }

  enum class Transport { plain, tls };
  /// Serves the connection until it ends. One with a PROXY header is closed unless its peer may
  /// send one: a trusted proxy, or whoever may connect to the Unix socket. The worker's connection
  /// count was raised by the acceptor and is lowered here.
  void serve(net::AcceptedSocket socket, Transport transport);

  /// Idle connections end now, busy ones after their answer; new requests are not read.
  void drain();
  /// Ends all connections at once.
  void abort_all();
  /// For a listener of its own (metrics): answers with `handler` instead.
  void serve(net::AcceptedSocket socket, Transport transport, std::shared_ptr<Handler> handler);

 private:
  friend class ServerConnection;
  bool may_speak(const net::AcceptedSocket& socket) const;
  /// Null, and the log says why, where the socket is of no use.
  std::unique_ptr<ServerConnection> open(net::AcceptedSocket socket, Transport transport,
                                         std::shared_ptr<Handler> handler);

  net::Worker& worker_;
  net::Blocking& blocking_;
  AccessLog access_log_;
  std::shared_ptr<Handler> handler_;
  std::shared_ptr<const net::TlsContext> tls_;
  Limits limits_;
  std::shared_ptr<const TrustedProxies> proxies_ = std::make_shared<TrustedProxies>();
  std::function<void(const Exchange&, std::chrono::microseconds)> finished_;
  bool draining_ = false;
  ServerConnection* first_ = nullptr;
};

}  // namespace moorgate::http
