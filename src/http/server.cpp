#include "http/server.hpp"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/rare_warning.hpp"
#include "http/server_connection.hpp"
#include "net/blocking.hpp"

namespace moorgate::http {
namespace {

log::RareWarning stranger("only trusted proxies may connect to a listener with proxy_protocol");

Task<> run_connection(std::unique_ptr<ServerConnection> connection) {
  co_await connection->run();
}

}  // namespace

Server::Server(net::Worker& worker, net::Blocking& blocking, log::Format format)
    : worker_(worker), blocking_(blocking), access_log_(format) {
  worker.on_tick([this] { access_log_.flush(); });
}

Server::~Server() = default;

void Server::serve(net::AcceptedSocket socket, Transport transport) {
  serve(std::move(socket), transport, nullptr);
}

void Server::serve(net::AcceptedSocket socket, Transport transport,
                   std::shared_ptr<Handler> handler) {
  std::unique_ptr<ServerConnection> connection;
  if (!draining_ && (transport == Transport::plain || tls_) && may_speak(socket)) {
    connection = open(std::move(socket), transport, std::move(handler));
  }
  if (!connection) {
    worker_.connections.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  boost::asio::co_spawn(worker_.context(), run_connection(std::move(connection)),
                        boost::asio::detached);
}

std::unique_ptr<ServerConnection> Server::open(net::AcceptedSocket socket, Transport transport,
                                               std::shared_ptr<Handler> handler) {
  try {
    auto stream = transport == Transport::tls
                      ? net::make_tls_stream(worker_, blocking_, std::move(socket), *tls_)
                      : net::make_tcp_stream(worker_, blocking_, std::move(socket));
    return std::make_unique<ServerConnection>(
        *this, std::move(stream), transport == Transport::tls ? tls_ : nullptr, std::move(handler));
  } catch (const std::exception& error) {
    log::error("a connection could not be taken", {{"error", error.what()}});
    return nullptr;
  }
}

bool Server::may_speak(const net::AcceptedSocket& socket) const {
  if (!socket.proxy_header || socket.peer.is_unix() || proxies_->lists(socket.peer)) return true;
  stranger.write("client", socket.peer.host(), "not in trusted_proxies.from");
  return false;
}

void Server::drain() {
  draining_ = true;
  for (auto* connection = first_; connection != nullptr; connection = connection->next()) {
    if (connection->owes_nothing()) connection->abort();
  }
}

void Server::abort_all() {
  draining_ = true;
  for (auto* connection = first_; connection != nullptr; connection = connection->next()) {
    connection->abort();
  }
}

}  // namespace moorgate::http
