#pragma once

#include <span>
#include <string_view>
#include <tuple>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include "net/blocking.hpp"
#include "net/buffer_pool.hpp"
#include "net/stream.hpp"

/// What TcpStream and TlsStream share: the non-blocking socket on its worker's loop. Internal to
/// net.
namespace moorgate::net {

inline constexpr auto kTry = boost::asio::as_tuple(kAwait);

class Socket {
 public:
  Socket(Worker& worker, AcceptedSocket accepted);

  /// Where a PROXY header is expected (AcceptedSocket::proxy_header): takes it off the stream, not
  /// a byte more, and makes peer() the client it names. `buffers` lends room for one header.
  /// bad_request where there is none or a malformed one. Nothing to do elsewhere.
  Task<Result<>> receive_proxy_header(BufferPool& buffers);
  /// At least one byte or an error; waits. As two halves, because a coroutine around them would
  /// cost as much as what it does: received(co_await receive(into)).
  auto receive(std::span<char> into) {
    return socket_.async_receive(boost::asio::mutable_buffer(into.data(), into.size()), kTry);
  }
  Result<std::size_t> received(std::tuple<boost::system::error_code, std::size_t> outcome);
  Task<Result<>> wait_readable();
  Task<Result<>> wait_writable();
  /// As many bytes as the kernel takes at once, 0 if none. `more`: further bytes follow at once.
  Result<std::size_t> try_send(std::string_view first, std::string_view second, bool more);
  int fd() noexcept { return socket_.native_handle(); }
  void shutdown_send() noexcept;
  /// A pending send ends, later ones fail; receiving goes on.
  void stop_sending() noexcept;
  bool sending_stopped() const noexcept { return sending_stopped_; }
  /// The peer has sent its last, and said so.
  bool ended() const noexcept { return ended_; }
  /// Connected, and nothing to be received.
  bool quiet() noexcept;
  /// The peer sends nothing more, even if what it sent before has not been received yet.
  bool peer_left() noexcept;
  /// For a socket whose connection is still being made: the outcome, once wait_writable() is over.
  Result<> connected();
  UniqueFd release();
  void interrupt() noexcept;
  void abort() noexcept;
  const Address& peer() const noexcept { return peer_; }

 private:
  boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol,
                                   boost::asio::io_context::executor_type>
      socket_;
  Address peer_;
  bool proxy_header_expected_;
  bool aborted_ = false;
  bool sending_stopped_ = false;
  bool ended_ = false;
};

/// Lets everything else that is ready on the loop run first.
Task<> take_turns(Worker& worker);

/// Reads up to into.size() bytes of `file` at `offset`: inline when the page cache has them, else
/// on `blocking`. Fewer only at the end of the file.
Task<Result<std::size_t>> read_file(Blocking& blocking, int file, std::uint64_t offset,
                                    std::span<char> into);

}  // namespace moorgate::net
