#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>

#include "base/task.hpp"
#include "base/unique_fd.hpp"
#include "http/dial.hpp"
#include "net/blocking.hpp"
#include "net/resolver.hpp"
#include "net/worker.hpp"

namespace moorgate::http {

/// The server's end of one connection, in blocking calls; a stuck one gives up after ten seconds.
class RawPeer {
 public:
  explicit RawPeer(UniqueFd fd) : fd_(std::move(fd)) {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }

  /// One request head, or nothing when the client is gone.
  std::string read_head() {
    while (true) {
      const std::size_t end = buffer_.find("\r\n\r\n");
      if (end != std::string::npos) return take(end + 4);
      if (!receive()) return {};
    }
  }
  std::string read_exactly(std::size_t count) {
    while (buffer_.size() < count && receive()) {
    }
    return take(std::min(count, buffer_.size()));
  }
  std::string read_to_end() {
    while (receive()) {
    }
    return take(buffer_.size());
  }
  /// Whether nothing comes meanwhile, not even the client's end.
  bool is_silent_for(std::chrono::milliseconds time) const {
    pollfd input{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    return buffer_.empty() && ::poll(&input, 1, static_cast<int>(time.count())) == 0;
  }
  /// False when the client takes no more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void shutdown_send() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  int fd() const { return fd_.get(); }

 private:
  bool receive() {
    std::array<char, 65536> bytes{};
    const ssize_t got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (got > 0) buffer_.append(bytes.data(), static_cast<std::size_t>(got));
    return got > 0;
  }
  std::string take(std::size_t count) {
    std::string taken = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return taken;
  }

  UniqueFd fd_;
  std::string buffer_;
};

/// A server on 127.0.0.1 that does to each connection what the test says, in a thread of its own.
class RawServer {
 public:
  using Script = std::function<void(RawPeer& peer, int connection)>;

  explicit RawServer(Script script) : script_(std::move(script)) {
    place_ = bound();
    listen();
    acceptor_ = std::thread([this] { accept(); });
  }
  ~RawServer() { stop(); }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  /// Ends the listener and all connections.
  void stop() {
    if (!acceptor_.joinable()) return;
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    listener_.reset();
    {
      const std::scoped_lock lock(mutex_);
      for (const int fd : fds_) ::shutdown(fd, SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }
  /// Again on the same port.
  void restart() {
    listen();
    acceptor_ = std::thread([this] { accept(); });
  }

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }
  Url url() const { return *Url::parse("http://127.0.0.1:" + std::to_string(port_)); }

 private:
  /// A socket on `port_`; on one of the kernel's choosing the first time.
  UniqueFd bound() {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t length = sizeof address;
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    return fd;
  }

  void listen() {
    listener_ = bound();
    ASSERT_EQ(::listen(listener_.get(), 64), 0);
  }

  void accept() {
    while (true) {
      const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const int number = connections_++;
      const std::scoped_lock lock(mutex_);
      fds_.push_back(fd);
      threads_.emplace_back([this, fd, number] {
        RawPeer peer((UniqueFd(fd)));
        script_(peer, number);
        const std::scoped_lock forget(mutex_);
        std::erase(fds_, fd);
        peer.close();
      });
    }
  }

  const Script script_;
  /// Never listens: nobody else gets the port while the server is stopped.
  UniqueFd place_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<int> fds_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// A worker with a running loop, and what clients on it need.
class ClientTest : public testing::Test {
 protected:
  ClientTest() : names_("names", 1, 16), worker_(std::make_unique<net::Worker>(0)) {
    worker_->start();
  }
  ~ClientTest() override {
    if (!worker_) return;
    names_.finish();
    worker_->stop();
    worker_.reset();
  }

  Dialer dialer() { return {*worker_, names_, std::make_shared<net::Resolver>(*worker_, names_)}; }

  /// Runs the task on the worker's loop and waits for what it returns.
  template <class T>
  T run(Task<T> task) {
    std::promise<T> result;
    boost::asio::co_spawn(worker_->context(), std::move(task),
                          [&result](const std::exception_ptr& error, T value) {
                            if (error) return result.set_exception(error);
                            result.set_value(std::move(value));
                          });
    return result.get_future().get();
  }

  /// Runs `work` on the worker's loop and waits.
  void on_loop(std::function<void()> work) {
    std::promise<void> done;
    worker_->post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  net::Blocking names_;
  std::unique_ptr<net::Worker> worker_;
};

}  // namespace moorgate::http
