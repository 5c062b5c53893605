#pragma once

#include <span>
#include <string_view>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_stream_socket.hpp>
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
  /// At least one byte or an error; waits.
  Task<Result<std::size_t>> receive(std::span<char> into);
  Task<Result<>> wait_readable();
  Task<Result<>> wait_writable();
  /// As many bytes as the kernel takes at once, 0 if none. `more`: further bytes follow at once.
  Result<std::size_t> try_send(std::string_view first, std::string_view second, bool more);
  /// All of it, however long the peer takes.
  Task<Result<>> send_all(std::string_view bytes);
  int fd() noexcept { return socket_.native_handle(); }
  void shutdown_send() noexcept;
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
};

/// Lets everything else that is ready on the loop run first.
Task<> take_turns(Worker& worker);

/// Reads up to into.size() bytes of `file` at `offset`: inline when the page cache has them, else
/// on `blocking`. Fewer only at the end of the file.
Task<Result<std::size_t>> read_file(Blocking& blocking, int file, std::uint64_t offset,
                                    std::span<char> into);

}  // namespace moorgate::net
