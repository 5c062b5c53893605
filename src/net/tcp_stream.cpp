#include <sys/sendfile.h>

#include <algorithm>
#include <cerrno>

#include "net/page_cache.hpp"
#include "net/socket.hpp"
#include "net/worker.hpp"

namespace moorgate::net {
namespace {

/// How much of a file is looked up in the page cache, and sent before others have their turn.
constexpr std::uint64_t kWindow = 2U << 20U;

class TcpStream final : public Stream {
 public:
  TcpStream(Worker& worker, Blocking& blocking, AcceptedSocket accepted)
      : worker_(worker), blocking_(blocking), socket_(worker, std::move(accepted)) {}

  Task<Result<>> handshake() override {
    co_return co_await socket_.receive_proxy_header(worker_.small_buffers());
  }

  Task<Result<std::size_t>> read_some(std::span<char> into) override {
    co_return socket_.received(co_await socket_.receive(into));
  }

  bool has_buffered_input() const noexcept override { return false; }
  Task<Result<>> wait_readable() override { return socket_.wait_readable(); }

  Task<Result<>> write(std::string_view first, std::string_view second) override {
    return write_parts(first, second, false);
  }

  Task<Result<>> write_file(std::string_view head, int file, std::uint64_t offset,
                            std::uint64_t length, Deadline& deadline,
                            std::chrono::milliseconds patience) override {
    if (auto sent = co_await write_parts(head, {}, length > 0); !sent) co_return sent;
    auto position = static_cast<off_t>(offset);
    const auto end = static_cast<off_t>(offset + length);
    off_t warm_until = position;
    bool waited = true;
    while (position < end) {
      if (position >= warm_until) {
        // A peer that takes bytes as fast as they come must not keep the loop from all others.
        if (!waited) co_await take_turns(worker_);
        waited = false;
        warm_until = std::min<off_t>(end, position + static_cast<off_t>(kWindow));
        if (auto warm = co_await warm_up(file, position, warm_until); !warm) co_return warm;
      }
      const auto want = static_cast<std::size_t>(warm_until - position);
      const ssize_t sent = ::sendfile(socket_.fd(), file, &position, want);
      if (sent == 0) {
        co_return failure(Code::internal, "the blob is shorter than it was",
                          "sendfile found the end");
      }
      if (sent > 0) {
        deadline.set(patience);
      } else if (errno != EAGAIN && errno != EINTR) {
        co_return failure(Code::end_of_stream, "the connection ended");
      }
      // Fewer than wanted: the socket is full.
      if (sent != static_cast<ssize_t>(want)) {
        if (auto ready = co_await socket_.wait_writable(); !ready) co_return ready;
        waited = true;
      }
    }
    co_return Result<>{};
  }

  Task<> say_end() override { co_return; }
  Task<> shutdown_send() override {
    socket_.shutdown_send();
    co_return;
  }
  void interrupt_read() noexcept override { socket_.interrupt(); }
  void stop_writing() noexcept override { socket_.stop_sending(); }
  bool ended_cleanly() const noexcept override { return socket_.ended(); }
  bool quiet() noexcept override { return socket_.quiet(); }
  bool peer_left() noexcept override { return socket_.peer_left(); }
  void abort() noexcept override { socket_.abort(); }
  const Address& peer() const noexcept override { return socket_.peer(); }
  bool encrypted() const noexcept override { return false; }

 private:
  Task<Result<>> write_parts(std::string_view first, std::string_view second, bool more) {
    while (true) {
      auto sent = socket_.try_send(first, second, more);
      if (!sent) co_return failure(std::move(sent).error());
      const std::size_t of_first = std::min(*sent, first.size());
      first.remove_prefix(of_first);
      second.remove_prefix(*sent - of_first);
      if (first.empty()) std::swap(first, second);
      if (first.empty()) co_return Result<>{};
      if (*sent == 0) {
        if (auto ready = co_await socket_.wait_writable(); !ready) co_return ready;
      }
    }
  }

  /// Sees to it that sendfile of [from, to) will not wait for the disk on this loop.
  Task<Result<>> warm_up(int file, off_t from, off_t to) {
    if (is_cached(file, static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to))) {
      co_return Result<>{};
    }
    auto buffer = worker_.large_buffers().borrow();
    const auto load = [file, from, to, memory = buffer.span()]() -> Result<> {
      for (off_t at = from; at < to;) {
        const auto want = std::min<std::size_t>(memory.size(), static_cast<std::size_t>(to - at));
        const ssize_t got = ::pread(file, memory.data(), want, at);
        if (got < 0) return failure(system_error(errno, "read a blob"));
        if (got == 0) break;
        at += got;
      }
      return {};
    };
    co_return co_await blocking_.run(load);
  }

  Worker& worker_;
  Blocking& blocking_;
  Socket socket_;
};

}  // namespace

std::unique_ptr<Stream> make_tcp_stream(Worker& worker, Blocking& blocking, AcceptedSocket socket) {
  return std::make_unique<TcpStream>(worker, blocking, std::move(socket));
}

}  // namespace moorgate::net
