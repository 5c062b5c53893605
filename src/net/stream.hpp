#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/task.hpp"
#include "base/unique_fd.hpp"
#include "net/address.hpp"
#include "net/deadline.hpp"

namespace moorgate::net {

class Blocking;
class TlsClientContext;
class TlsContext;
class Worker;

/// A connected byte stream, plain or TLS. Loop-owned: one reader and one writer at a time. Errors:
/// end_of_stream (the peer is gone), timeout (interrupted or aborted).
class Stream {
 public:
  virtual ~Stream() = default;

  /// What has to be complete before bytes flow: the proxy's header where one is expected
  /// (bad_request if it is not right), then the TLS handshake.
  virtual Task<Result<>> handshake() = 0;
  /// At least one byte; end_of_stream when the peer has sent its last.
  virtual Task<Result<std::size_t>> read_some(std::span<char> into) = 0;
  /// True if bytes can be read without waiting for the socket.
  virtual bool has_buffered_input() const noexcept = 0;
  /// Waits until read_some() would find something, holding no buffer meanwhile.
  virtual Task<Result<>> wait_readable() = 0;
  /// All of both, in one send where they fit.
  virtual Task<Result<>> write(std::string_view first, std::string_view second) = 0;
  /// `head`, then `length` bytes of `file` from `offset`, sendfile where possible. Cold pages are
  /// read on the blocking pool. `progress` is called as bytes leave.
  virtual Task<Result<>> write_file(std::string_view head, int file, std::uint64_t offset,
                                    std::uint64_t length, Deadline& deadline,
                                    std::chrono::milliseconds patience) = 0;
  /// Last words of the protocol, if it has any, to a peer that will not be read from any more; the
  /// end of the stream itself is seen when it is destroyed.
  virtual Task<> say_end() = 0;
  /// Tells the peer that nothing more comes; it may still be read from.
  virtual Task<> shutdown_send() = 0;

  /// Makes a pending read return `timeout`; the stream stays usable.
  virtual void interrupt_read() noexcept = 0;
  /// A pending write returns `timeout` and every later one, too; reading goes on.
  virtual void stop_writing() noexcept = 0;
  /// After end_of_stream: the peer ended it on purpose, nothing was cut off.
  virtual bool ended_cleanly() const noexcept = 0;
  /// The peer is there and has sent nothing that was not read.
  virtual bool quiet() noexcept = 0;
  /// The peer has closed its side, whatever it sent before that is still unread: one system call.
  virtual bool peer_left() noexcept = 0;
  /// Ends everything pending, at once.
  virtual void abort() noexcept = 0;

  /// The other end; after handshake() the client that a PROXY header named, if any.
  virtual const Address& peer() const noexcept = 0;
  virtual bool encrypted() const noexcept = 0;
};

/// A connected socket, non-blocking, on its way to a worker.
struct AcceptedSocket {
  UniqueFd fd;
  Address peer;
  /// The peer is a proxy that begins with a PROXY header.
  bool proxy_header = false;
};

/// Both on `worker`'s loop, which must outlive the stream. `blocking` serves cold file reads.
std::unique_ptr<Stream> make_tcp_stream(Worker& worker, Blocking& blocking, AcceptedSocket socket);
std::unique_ptr<Stream> make_tls_stream(Worker& worker, Blocking& blocking, AcceptedSocket socket,
                                        const TlsContext& context);
/// The client's end: the peer must prove to be `host`.
std::unique_ptr<Stream> make_tls_stream(Worker& worker, Blocking& blocking, AcceptedSocket socket,
                                        const TlsClientContext& context, const std::string& host);

}  // namespace moorgate::net
