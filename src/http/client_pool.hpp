#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/task.hpp"
#include "http/client_connection.hpp"
#include "http/dial.hpp"
#include "http/url.hpp"

namespace moorgate::http {

/// The head of an answer, and its body still to be read. Whoever destroys it before the body is
/// read to its end closes the connection; else the connection goes back to its pool. Move-only,
/// loop-owned.
class ClientResponse {
 public:
  class Home;
  ClientResponse(std::shared_ptr<ClientConnection> connection, std::weak_ptr<Home> home);
  ClientResponse(ClientResponse&& other) noexcept = default;
  ClientResponse& operator=(ClientResponse&& other) noexcept;
  ~ClientResponse();

  /// Valid as long as this object.
  const ResponseHead& head() const noexcept { return connection_->head(); }
  /// At least one byte, or 0 at the end. end_of_stream, timeout or bad_request where the server
  /// breaks off, stalls or sends broken chunks: what came so far is not the whole.
  Task<Result<std::size_t>> read_some(std::span<char> into);
  /// The whole body, or size_invalid as soon as it is over `limit`.
  Task<Result<std::string>> read_all(std::size_t limit);
  bool finished() const noexcept;

 private:
  void give_back() noexcept;
  std::shared_ptr<ClientConnection> connection_;
  std::weak_ptr<Home> home_;
};

struct ClientPoolOptions {
  Url origin;
  /// For https; shared by all workers.
  std::shared_ptr<const net::TlsClientContext> tls;
  ClientTimeouts timeouts;
  /// Open at a time, idle ones included.
  std::size_t connections = 128;
  /// Requests that may wait for one, and how long; beyond that the pool is busy.
  std::size_t waiting = 256;
  std::chrono::milliseconds wait{10'000};
};

/// One worker's connections to one server. May be destroyed (on the worker's loop, or when it has
/// stopped) before or after its worker, in mid exchange, too.
class ClientPool {
 public:
  ClientPool(Dialer dialer, ClientPoolOptions options);
  ~ClientPool();
  ClientPool(const ClientPool&) = delete;
  ClientPool& operator=(const ClientPool&) = delete;

  /// One exchange on a connection that is free, or new. A reused connection that died before a byte
  /// of the answer came is tried once more on a new one, if the request is safe and has no body.
  /// `request` and `body` outlive the call.
  Task<ClientResult<ClientResponse>> send(const ClientRequest& request, BodySource* body);

  std::size_t idle() const noexcept;
  std::size_t open() const noexcept;

 private:
  /// Owned by a coroutine of the worker's loop, so that no connection outlives the loop.
  std::weak_ptr<ClientResponse::Home> home_;
};

}  // namespace moorgate::http
