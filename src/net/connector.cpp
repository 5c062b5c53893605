#include "net/connector.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "net/resolver.hpp"
#include "net/socket.hpp"
#include "net/tls_client_context.hpp"
#include "net/worker.hpp"

namespace moorgate::net {
namespace {

Error unreachable(std::string detail) {
  return {Code::unavailable, "the server could not be reached", std::move(detail)};
}

/// The same with every address.
bool is_our_own_fault(const Error& error) {
  return error.code == Code::too_many_requests;
}

Error with_address(const Address& address, const Error& error) {
  if (is_our_own_fault(error)) return error;
  const bool late = error.code == Code::timeout;
  return unreachable(address.text() + ": " + (late ? "no answer in time" : error.detail));
}

Result<UniqueFd> begin_connect(const Address& address) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd && (errno == EMFILE || errno == ENFILE)) {
    return failure(Code::too_many_requests, "too many connections are open; try again in a moment",
                   "no file descriptor is left for another");
  }
  if (!fd) return failure(system_error(errno, "make a socket"));
  if (!address.is_unix()) {
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }
  if (::connect(fd.get(), address.raw(), address.length()) != 0 && errno != EINPROGRESS) {
    return failure(system_error(errno, "connect"));
  }
  return fd;
}

/// The TCP connection only.
Task<Result<UniqueFd>> reach(Worker& worker, Address address, std::chrono::milliseconds patience) {
  auto fd = begin_connect(address);
  if (!fd) co_return failure(std::move(fd).error());
  AcceptedSocket accepted;
  accepted.fd = std::move(*fd);
  accepted.peer = address;
  Socket socket(worker, std::move(accepted));
  Deadline deadline(worker.watchdog(), [&socket] { socket.abort(); });
  deadline.set(patience);
  if (auto ready = co_await socket.wait_writable(); !ready) {
    co_return failure(std::move(ready).error());
  }
  if (auto connected = socket.connected(); !connected) {
    co_return failure(std::move(connected).error());
  }
  co_return socket.release();
}

Task<Result<std::unique_ptr<Stream>>> connect_to(Worker& worker, Blocking& blocking,
                                                 Address address, const Destination& destination) {
  auto fd = co_await reach(worker, address, destination.patience);
  if (!fd) co_return failure(with_address(address, fd.error()));
  AcceptedSocket socket;
  socket.fd = std::move(*fd);
  socket.peer = address;
  if (!destination.tls) co_return make_tcp_stream(worker, blocking, std::move(socket));
  auto stream =
      make_tls_stream(worker, blocking, std::move(socket), *destination.tls, destination.host);
  Deadline deadline(worker.watchdog(), [&stream] { stream->abort(); });
  deadline.set(destination.patience);
  if (auto secure = co_await stream->handshake(); !secure) {
    Error error = std::move(secure).error();
    error.detail = "TLS with " + destination.host + ": " + error.detail;
    co_return failure(with_address(address, error));
  }
  co_return stream;
}

}  // namespace

Task<Result<std::unique_ptr<Stream>>> connect(Worker& worker, Blocking& blocking,
                                              std::shared_ptr<Resolver> resolver,
                                              Destination destination) {
  if (!destination.socket_path.empty()) {
    auto address = Address::parse("unix:" + destination.socket_path);
    if (!address) co_return failure(unreachable(std::move(address).error().message));
    co_return co_await connect_to(worker, blocking, *address, destination);
  }
  auto addresses = co_await resolver->resolve(destination.host, destination.port);
  if (!addresses) co_return failure(unreachable(std::move(addresses).error().detail));
  std::string details;
  for (const Address& address : *addresses) {
    auto stream = co_await connect_to(worker, blocking, address, destination);
    if (stream || is_our_own_fault(stream.error())) co_return stream;
    if (!details.empty()) details += "; ";
    details += stream.error().detail;
  }
  resolver->forget(destination.host);
  co_return failure(unreachable(std::move(details)));
}

}  // namespace moorgate::net
