#include "requests.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <vector>

#include "report.hpp"
#include "response.hpp"

namespace load {
namespace {

constexpr std::size_t kReadSize = 64 << 10;
constexpr double kPatience = 120;  // seconds without any answer
constexpr std::string_view kLastChunk = "\r\n0\r\n\r\n";

/// SIGTERM ends a run early, with its report.
volatile std::sig_atomic_t told_to_stop = 0;

struct Connection {
  enum class State { connecting, shaking_hands, ready, waiting_for_answer };

  State state = State::connecting;
  int fd = -1;
  TlsClient::Connection tls{nullptr, &SSL_free};
  std::string kept;                        // an incomplete head, or a chunked body so far
  std::optional<std::uint64_t> body_left;  // once the head is complete
  bool chunked = false;
  Clock::time_point started;
};

/// Bytes of a complete chunked body without its framing.
std::uint64_t length_of_chunks(std::string_view bytes) {
  std::uint64_t total = 0;
  while (true) {
    std::uint64_t size = 0;
    const std::size_t line = bytes.find("\r\n");
    const char* const end = bytes.data() + std::min(line, bytes.size());
    if (line == std::string_view::npos ||
        std::from_chars(bytes.data(), end, size, 16).ec != std::errc{} ||
        bytes.size() < line + 2 + size + 2) {
      throw WrongAnswer("broken chunks");
    }
    if (size == 0) return total;
    total += size;
    bytes.remove_prefix(line + 2 + size + 2);
  }
}

class Driver {
 public:
  Driver(const Target& target, const RequestLoad& load)
      : target_(target),
        load_(load),
        tls_(TlsClient::Reading::ahead),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        connections_(load.connections) {
    if (load.resume) tls_.resume_sessions();
  }
  ~Driver() {
    for (auto& connection : connections_) close(connection);
    ::close(epoll_);
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  void run() {
    begin_clock();
    running_ = load_.fresh;
    for (auto& connection : connections_) open(connection);
    // Keep-alive: the clock starts when all stand.
    while (!running_) {
      turn();
      if (ready_ == connections_.size()) begin();
    }
    while (told_to_stop == 0 && (latencies_.empty() || seconds_since(start_) < load_.seconds))
      turn();
    print(seconds_since(start_));
  }

 private:
  void begin_clock() {
    start_ = Clock::now();
    cpu_ = cpu_seconds();
  }

  void begin() {
    running_ = true;
    begin_clock();
    for (auto& connection : connections_) send(connection);
  }

  void turn() {
    std::array<epoll_event, 64> events{};
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 1000);
    if (count > 0) last_event_ = Clock::now();
    if (seconds_since(last_event_) > kPatience) throw WrongAnswer("the server does not answer");
    for (int i = 0; i < count; ++i) {
      advance(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr),
              events[static_cast<std::size_t>(i)].events);
    }
  }

  void open(Connection& connection) {
    connection.state = Connection::State::connecting;
    connection.started = Clock::now();
    connection.fd = connect_to(target_, false);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.ptr = &connection;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
  }

  static void close(Connection& connection) {
    // OpenSSL forgets the session of a connection that looks broken off.
    if (connection.tls) SSL_set_shutdown(connection.tls.get(), SSL_SENT_SHUTDOWN);
    connection.tls.reset();
    if (connection.fd >= 0) ::close(connection.fd);
    connection.fd = -1;
  }

  void advance(Connection& connection, std::uint32_t events) {
    if (connection.state == Connection::State::connecting) {
      if ((events & EPOLLOUT) == 0) return;
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) throw WrongAnswer(std::string("connect: ") + std::strerror(error));
      if (target_.tls) connection.tls = tls_.connect(connection.fd);
      connection.state = Connection::State::shaking_hands;
    }
    if (connection.state == Connection::State::shaking_hands && !shake_hands(connection)) return;
    if (connection.state == Connection::State::waiting_for_answer) read(connection);
  }

  bool shake_hands(Connection& connection) {
    if (target_.tls) {
      const int done = SSL_connect(connection.tls.get());
      if (done != 1) {
        if (SSL_get_error(connection.tls.get(), done) == SSL_ERROR_WANT_READ) return false;
        throw WrongAnswer("the TLS handshake failed");
      }
      resumed_ += static_cast<std::size_t>(SSL_session_reused(connection.tls.get()));
    }
    connection.state = Connection::State::ready;
    ++ready_;
    if (running_) send(connection);
    return true;
  }

  void send(Connection& connection) {
    connection.state = Connection::State::waiting_for_answer;
    connection.kept.clear();
    connection.body_left.reset();
    connection.chunked = false;
    if (!load_.fresh) connection.started = Clock::now();
    const std::string& bytes = load_.request;
    const ssize_t sent =
        target_.tls ? SSL_write(connection.tls.get(), bytes.data(), static_cast<int>(bytes.size()))
                    : ::send(connection.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(bytes.size())) throw WrongAnswer("the server hung up");
  }

  /// Zero when nothing has come yet.
  std::size_t receive(Connection& connection) {
    if (!target_.tls) {
      const ssize_t got = ::recv(connection.fd, scratch_.data(), scratch_.size(), 0);
      if (got > 0) return static_cast<std::size_t>(got);
      if (got < 0 && errno == EAGAIN) return 0;
      throw WrongAnswer("the server hung up instead of answering");
    }
    const int got =
        SSL_read(connection.tls.get(), scratch_.data(), static_cast<int>(scratch_.size()));
    if (got > 0) return static_cast<std::size_t>(got);
    if (SSL_get_error(connection.tls.get(), got) == SSL_ERROR_WANT_READ) return 0;
    throw WrongAnswer("the server hung up instead of answering");
  }

  void read(Connection& connection) {
    while (const std::size_t got = receive(connection)) {
      std::string_view bytes(scratch_.data(), got);
      if (!connection.body_left && !read_head(connection, bytes)) continue;
      if (connection.chunked ? read_chunks(connection, bytes) : read_body(connection, bytes)) {
        finish(connection);
        return;
      }
    }
  }

  /// True once the head is complete; `bytes` then are what follows it.
  bool read_head(Connection& connection, std::string_view& bytes) {
    if (!connection.kept.empty()) {
      connection.kept.append(bytes);
      bytes = connection.kept;
    }
    const auto head = parse_head(bytes);
    if (!head) {
      if (connection.kept.empty()) connection.kept = bytes;
      return false;
    }
    connection.chunked = head->field("Transfer-Encoding") == "chunked";
    if (head->status != load_.status || (!connection.chunked && head->length != load_.length)) {
      throw WrongAnswer("not the wanted answer: " + std::string(bytes.substr(0, 512)));
    }
    connection.body_left = load_.bodiless ? 0 : load_.length;
    bytes.remove_prefix(head->size);
    if (connection.chunked) {
      connection.kept = std::string(bytes);
      bytes = {};
    }
    return true;
  }

  bool read_body(Connection& connection, std::string_view bytes) {
    if (bytes.size() > *connection.body_left) throw WrongAnswer("more bytes than announced");
    *connection.body_left -= bytes.size();
    bytes_ += bytes.size();
    return *connection.body_left == 0;
  }

  bool read_chunks(Connection& connection, std::string_view bytes) {
    connection.kept.append(bytes);
    if (!connection.kept.ends_with(kLastChunk)) return false;
    if (length_of_chunks(connection.kept) != load_.length) {
      throw WrongAnswer("the chunks make up another length");
    }
    bytes_ += load_.length;
    return true;
  }

  void finish(Connection& connection) {
    const auto took =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - connection.started);
    latencies_.push_back(static_cast<std::uint32_t>(took.count()));
    if (!load_.fresh) {
      send(connection);
      return;
    }
    close(connection);
    open(connection);
  }

  void print(double seconds) {
    Report report;
    report.add("seconds", seconds)
        .add("client_cpu", cpu_seconds() - cpu_)
        .add("requests", static_cast<double>(latencies_.size()))
        .add("bytes", static_cast<double>(bytes_))
        .add("rate", static_cast<double>(latencies_.size()) / seconds)
        .add("resumed", static_cast<double>(resumed_));
    report.add_latencies(std::move(latencies_)).print();
  }

  const Target& target_;
  const RequestLoad& load_;
  TlsClient tls_;
  const int epoll_;
  std::vector<Connection> connections_;
  std::array<char, kReadSize> scratch_{};
  Clock::time_point start_;
  double cpu_ = 0;
  Clock::time_point last_event_ = Clock::now();
  bool running_ = false;
  std::size_t ready_ = 0;
  std::size_t resumed_ = 0;
  std::uint64_t bytes_ = 0;
  std::vector<std::uint32_t> latencies_;
};

}  // namespace

void run_requests(const Target& target, const RequestLoad& load) {
  std::signal(SIGTERM, [](int) { told_to_stop = 1; });
  Driver(target, load).run();
}

}  // namespace load
