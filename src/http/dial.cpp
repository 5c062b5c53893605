#include "http/dial.hpp"

#include <utility>

#include "net/connector.hpp"
#include "net/resolver.hpp"
#include "net/tls_client_context.hpp"

namespace moorgate::http {

Task<ClientResult<std::shared_ptr<ClientConnection>>> dial(
    Dialer dialer, Url url, std::shared_ptr<const net::TlsClientContext> tls,
    ClientTimeouts timeouts) {
  net::Destination destination;
  destination.host = url.host;
  destination.port = url.port;
  destination.socket_path = url.socket_path;
  destination.patience = timeouts.connect;
  if (url.encrypted()) destination.tls = std::move(tls);
  if (url.encrypted() && !destination.tls) {
    co_return client_failure(ClientFailure::Kind::refused, "https needs TLS to be set up");
  }
  auto stream = co_await net::connect(dialer.worker, dialer.blocking, dialer.resolver,
                                      std::move(destination));
  if (!stream && stream.error().code == Code::too_many_requests) {
    co_return client_failure(ClientFailure::Kind::busy, std::move(stream.error().message),
                             std::move(stream.error().detail));
  }
  if (!stream) {
    co_return client_failure(ClientFailure::Kind::unreachable, "the server could not be reached",
                             std::move(stream).error().detail);
  }
  co_return std::make_shared<ClientConnection>(dialer.worker, std::move(*stream), url.authority(),
                                               timeouts);
}

}  // namespace moorgate::http
