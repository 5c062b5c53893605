#include "net/socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <tuple>
#include <utility>

#include <boost/asio/post.hpp>

#include "net/proxy_protocol.hpp"
#include "net/worker.hpp"

namespace moorgate::net {
namespace {

Error stream_error(boost::system::error_code error) {
  if (error == boost::asio::error::operation_aborted) {
    return {Code::timeout, "interrupted"};
  }
  return {Code::end_of_stream, "the connection ended", error.message()};
}

}  // namespace

Socket::Socket(Worker& worker, AcceptedSocket accepted)
    : socket_(worker.context().get_executor()),
      peer_(accepted.peer),
      proxy_header_expected_(accepted.proxy_header) {
  const boost::asio::generic::stream_protocol protocol(accepted.peer.family(), 0);
  socket_.assign(protocol, accepted.fd.get());
  std::ignore = accepted.fd.release();
}

Task<Result<>> Socket::receive_proxy_header(BufferPool& buffers) {
  if (!proxy_header_expected_) co_return Result<>{};
  const auto scratch = buffers.borrow();
  const std::span<char> room = scratch.span().first(kProxyHeaderLimit);
  std::size_t taken = 0;
  while (proxy_header_expected_) {
    if (auto ready = co_await wait_readable(); !ready) co_return ready;
    // Looked at first, so that what the client sends behind the header stays for TLS or HTTP.
    const ssize_t seen =
        ::recv(fd(), room.data() + taken, room.size() - taken, MSG_PEEK | MSG_DONTWAIT);
    if (seen < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (seen <= 0) co_return failure(Code::end_of_stream, "the connection ended");
    const std::size_t there = taken + static_cast<std::size_t>(seen);
    const auto header = parse_proxy_header({room.data(), there});
    if (!header) co_return failure(header.error());
    const std::size_t wanted = *header ? (*header)->length : there;
    std::ignore = ::recv(fd(), room.data() + taken, wanted - taken, MSG_DONTWAIT);
    taken = wanted;
    if (!*header) continue;
    if ((*header)->source) peer_ = *(*header)->source;
    proxy_header_expected_ = false;
  }
  co_return Result<>{};
}

Result<std::size_t> Socket::received(std::tuple<boost::system::error_code, std::size_t> outcome) {
  const auto [error, count] = outcome;
  if (aborted_) return failure(Code::timeout, "aborted");
  ended_ = error == boost::asio::error::eof;
  if (error) return failure(stream_error(error));
  return count;
}

Task<Result<>> Socket::wait_readable() {
  auto [error] = co_await socket_.async_wait(socket_.wait_read, kTry);
  if (aborted_) co_return failure(Code::timeout, "aborted");
  if (error) co_return failure(stream_error(error));
  co_return Result<>{};
}

Task<Result<>> Socket::wait_writable() {
  auto [error] = co_await socket_.async_wait(socket_.wait_write, kTry);
  if (aborted_) co_return failure(Code::timeout, "aborted");
  if (error) co_return failure(stream_error(error));
  co_return Result<>{};
}

Result<std::size_t> Socket::try_send(std::string_view first, std::string_view second, bool more) {
  if (aborted_ || sending_stopped_) return failure(Code::timeout, "aborted");
  std::array<iovec, 2> parts{{{const_cast<char*>(first.data()), first.size()},
                              {const_cast<char*>(second.data()), second.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = second.empty() ? 1 : 2;
  const ssize_t sent =
      ::sendmsg(fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0));
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return std::size_t{0};
  return failure(stream_error({errno, boost::system::system_category()}));
}

void Socket::shutdown_send() noexcept {
  ::shutdown(fd(), SHUT_WR);
}

void Socket::stop_sending() noexcept {
  sending_stopped_ = true;
  interrupt();
}

bool Socket::quiet() noexcept {
  char probe = 0;
  return !aborted_ && ::recv(fd(), &probe, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool Socket::peer_left() noexcept {
  pollfd look{.fd = fd(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&look, 1, 0) > 0;
}

Result<> Socket::connected() {
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error == 0) return {};
  return failure(stream_error({error, boost::system::system_category()}));
}

UniqueFd Socket::release() {
  return UniqueFd(socket_.release());
}

void Socket::interrupt() noexcept {
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void Socket::abort() noexcept {
  aborted_ = true;
  ::shutdown(fd(), SHUT_RDWR);
  interrupt();
}

Task<> take_turns(Worker& worker) {
  co_await boost::asio::post(worker.context().get_executor(), kAwait);
}

Task<Result<std::size_t>> read_file(Blocking& blocking, int file, std::uint64_t offset,
                                    std::span<char> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    iovec part{into.data() + done, into.size() - done};
    const ssize_t count = ::preadv2(file, &part, 1, static_cast<off_t>(offset + done), RWF_NOWAIT);
    if (count == 0) break;
    if (count > 0) {
      done += static_cast<std::size_t>(count);
      continue;
    }
    if (errno != EAGAIN && errno != EOPNOTSUPP) {
      co_return failure(system_error(errno, "read a blob"));
    }
    const auto cold = [file, at = offset + done, part]() -> Result<std::size_t> {
      const ssize_t got = ::pread(file, part.iov_base, part.iov_len, static_cast<off_t>(at));
      if (got < 0) return failure(system_error(errno, "read a blob"));
      return static_cast<std::size_t>(got);
    };
    auto got = co_await blocking.run(cold);
    if (!got) co_return failure(std::move(got).error());
    if (*got == 0) break;
    done += *got;
  }
  co_return done;
}

}  // namespace moorgate::net
