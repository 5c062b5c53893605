#include "net/listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <ranges>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/rare_warning.hpp"
#include "net/socket.hpp"

namespace moorgate::net {
namespace {

using LoopTimer =
    boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                      boost::asio::wait_traits<std::chrono::steady_clock>,
                                      boost::asio::io_context::executor_type>;

/// Workers that accept on one socket. More than one, so that connections need not wait for a busy
/// one; not all, because each of them wakes for every connection.
constexpr std::size_t kAcceptors = 4;

void set_option(int fd, int level, int name) {
  const int on = 1;
  ::setsockopt(fd, level, name, &on, sizeof on);
}

/// A socket file that nobody accepts on is the rest of a killed process.
void remove_stale_socket(const Address& address) {
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(probe.get(), address.raw(), address.length()) != 0 && errno == ECONNREFUSED) {
    ::unlink(reinterpret_cast<const sockaddr_un*>(address.raw())->sun_path);
  }
}

Error cannot_listen(const Address& address, int error) {
  std::string text = "cannot listen on " + address.text() + ": ";
  if (error == EADDRINUSE) {
    text += "another program already does; stop it or choose another address";
  } else if (error == EACCES) {
    text += "not allowed; ports below 1024 need root or CAP_NET_BIND_SERVICE";
  } else {
    text += system_error(error, "bind").detail;
  }
  return {Code::unavailable, text};
}

Result<> prepare_socket_file(const Listener::Options& options) {
  const auto* path = reinterpret_cast<const sockaddr_un*>(options.address.raw())->sun_path;
  if (::chmod(path, options.mode) != 0)
    return failure(system_error(errno, "set the socket's mode", path));
  if (options.owner || options.group) {
    const auto owner = options.owner.value_or(static_cast<uid_t>(-1));
    const auto group = options.group.value_or(static_cast<gid_t>(-1));
    if (::chown(path, owner, group) != 0) {
      return failure(system_error(errno, "set the socket's owner", path));
    }
  }
  return {};
}

/// "::", which with IPv6 is all of IPv4 as well.
bool is_every_address(const Address& address) {
  return address.family() == AF_INET6 &&
         IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr);
}

UniqueFd make_socket(const Address& address) {
  return UniqueFd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

/// A worker that accepts, with a descriptor of its own for the listening socket.
struct Acceptor {
  Worker& worker;
  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> descriptor;
};

}  // namespace

struct Listener::Impl : std::enable_shared_from_this<Listener::Impl> {
  UniqueFd fd;
  Address address;
  std::vector<Worker*> workers;
  std::size_t connection_limit = 0;
  Accepted accepted;
  std::vector<std::shared_ptr<Acceptor>> acceptors;
  std::atomic<bool> stopped = false;
  /// Several workers try it again many times a second.
  log::RareWarning unable{"cannot accept connections for a moment"};

  /// The one that accepted has nothing better to do right now, unless it holds more than its share.
  Worker& choose(Worker& here) const {
    const auto held = [](const Worker* worker) {
      return worker->connections.load(std::memory_order_relaxed);
    };
    Worker* const least = *std::ranges::min_element(workers, {}, held);
    return held(&here) <= held(least) + 1 ? here : *least;
  }

  std::size_t total() const {
    std::size_t sum = 0;
    for (const Worker* worker : workers) sum += worker->connections.load(std::memory_order_relaxed);
    return sum;
  }

  void hand_over(Worker& here, AcceptedSocket socket) {
    Worker& worker = choose(here);
    worker.connections.fetch_add(1, std::memory_order_relaxed);
    if (&worker == &here) {
      accepted(worker, std::move(socket));
      return;
    }
    auto shared = std::make_shared<AcceptedSocket>(std::move(socket));
    worker.post([this, &worker, shared, self = shared_from_this()] {
      accepted(worker, std::move(*shared));
    });
  }

  /// False when accepting has to pause.
  bool accept_one(Acceptor& by, bool& again) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    const int client = ::accept4(by.descriptor.native_handle(), reinterpret_cast<sockaddr*>(&peer),
                                 &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    again = client >= 0;
    if (client >= 0) {
      Address from =
          address.is_unix() ? address : Address(reinterpret_cast<sockaddr*>(&peer), length);
      hand_over(by.worker, {UniqueFd(client), from});
      return true;
    }
    const int error = errno;
    if (error == EAGAIN || error == ECONNABORTED || error == EINTR) return true;
    unable.write("address", address.text(), system_error(error, "accept").detail);
    return false;
  }

  static Task<> run(std::shared_ptr<Impl> self, std::shared_ptr<Acceptor> by) {
    LoopTimer pause(by->worker.context().get_executor());
    while (!self->stopped) {
      auto [error] =
          co_await by->descriptor.async_wait(boost::asio::posix::descriptor_base::wait_read, kTry);
      if (error || self->stopped) break;
      bool again = true;
      bool healthy = true;
      while (again && healthy && !self->stopped && self->total() < self->connection_limit) {
        healthy = self->accept_one(*by, again);
      }
      if (!healthy || self->total() >= self->connection_limit) {
        pause.expires_after(std::chrono::milliseconds(50));
        co_await pause.async_wait(kTry);
      }
    }
  }
};

Listener::Listener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Listener::~Listener() {
  // Each belongs to a loop, which the coroutine that is left there does not outlive.
  impl_->acceptors.clear();
  if (impl_->address.is_unix()) {
    ::unlink(reinterpret_cast<const sockaddr_un*>(impl_->address.raw())->sun_path);
  }
}

const Address& Listener::address() const noexcept {
  return impl_->address;
}

Result<std::unique_ptr<Listener>> Listener::open(Options options) {
  Address& wanted = options.address;
  UniqueFd fd = make_socket(wanted);
  if (!fd && errno == EAFNOSUPPORT && is_every_address(wanted)) {
    const auto port = reinterpret_cast<const sockaddr_in6*>(wanted.raw())->sin6_port;
    wanted = Address::from_bytes(std::array<std::uint8_t, 4>{}, ntohs(port));
    fd = make_socket(wanted);
  }
  if (!fd) return failure(cannot_listen(wanted, errno));
  if (wanted.is_unix()) {
    remove_stale_socket(wanted);
  } else {
    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR);
    // Accepted sockets inherit it: one system call less for each connection.
    set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY);
    set_option(fd.get(), SOL_SOCKET, SO_KEEPALIVE);
  }
  // The socket file never exists with wider rights than asked for.
  const mode_t mask = ::umask(0177);
  const int bound = ::bind(fd.get(), wanted.raw(), wanted.length());
  const int bind_error = errno;
  ::umask(mask);
  if (bound != 0) return failure(cannot_listen(wanted, bind_error));
  if (wanted.is_unix()) {
    if (auto prepared = prepare_socket_file(options); !prepared) {
      return failure(std::move(prepared).error());
    }
  }
  if (::listen(fd.get(), options.backlog) != 0) return failure(cannot_listen(wanted, errno));

  auto impl = std::make_shared<Impl>();
  sockaddr_storage actual{};
  socklen_t length = sizeof actual;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&actual), &length);
  impl->address = wanted.is_unix() ? wanted : Address(reinterpret_cast<sockaddr*>(&actual), length);
  impl->fd = std::move(fd);
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

void Listener::start(std::vector<Worker*> workers, std::size_t connection_limit,
                     Accepted accepted) {
  impl_->workers = std::move(workers);
  impl_->connection_limit = connection_limit;
  impl_->accepted = std::move(accepted);
  for (Worker* worker : impl_->workers | std::views::take(kAcceptors)) {
    auto& context = worker->context();
    auto acceptor = std::shared_ptr<Acceptor>(
        new Acceptor{*worker, {context.get_executor(), ::dup(impl_->fd.get())}});
    impl_->acceptors.push_back(acceptor);
    boost::asio::co_spawn(context, Impl::run(impl_, std::move(acceptor)), boost::asio::detached);
  }
}

void Listener::stop() {
  impl_->stopped = true;
  impl_->fd.reset();
  for (const auto& acceptor : impl_->acceptors) {
    acceptor->worker.post([acceptor] {
      boost::system::error_code ignored;
      acceptor->descriptor.close(ignored);
    });
  }
}

}  // namespace moorgate::net
