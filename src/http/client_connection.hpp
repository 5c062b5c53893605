#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/task.hpp"
#include "http/body_reader.hpp"
#include "http/body_source.hpp"
#include "http/client_failure.hpp"
#include "http/client_request.hpp"
#include "http/response_head.hpp"
#include "net/buffer_pool.hpp"
#include "net/deadline.hpp"

namespace moorgate::net {
class Stream;
class Worker;
}  // namespace moorgate::net

namespace moorgate::http {

class ClientUpload;

/// How patient a client is.
struct ClientTimeouts {
  /// For each address, TLS handshake included.
  std::chrono::milliseconds connect{5'000};
  /// From the request's last byte to the end of the answer's head.
  std::chrono::milliseconds response{900'000};
  /// A server that takes, or sends, no byte of a body for this long.
  std::chrono::milliseconds progress{60'000};
  /// How long "100 Continue" is waited for before the body goes out anyway.
  std::chrono::milliseconds continue_wait{1'000};
  /// How long an unused connection is kept.
  std::chrono::milliseconds idle{60'000};
};

/// One connection to a server, one exchange at a time: exchange(), then body() to its end, then
/// perhaps the next. Loop-owned. Made by std::make_shared: while a body is sent, a coroutine of its
/// own watches for the answer.
class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  /// Takes over a connected stream whose handshake is done. `host` is the Host header of requests.
  ClientConnection(net::Worker& worker, std::unique_ptr<net::Stream> stream, std::string host,
                   ClientTimeouts timeouts);
  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  /// Sends the request and `body` (null: none) and waits for the head of the final answer; up to 16
  /// interim answers are swallowed. A final answer that comes before the body is through stops the
  /// body, and the connection is not used again. After a failure the connection is of no use.
  Task<ClientResult<>> exchange(const ClientRequest& request, BodySource* body);

  /// Of the last exchange; views stay valid until the next.
  const ResponseHead& head() const noexcept { return head_; }
  BodyReader& body() noexcept { return body_; }

  /// Not one byte of the answer has come: the server may have closed before it saw the request.
  bool unanswered() const noexcept { return !answered_; }
  /// Both sides are through with the exchange, and its end was certain.
  bool complete() const noexcept;
  /// complete(), and nothing more came since, an end of the connection included: one system call.
  bool reusable() const noexcept;
  /// While it waits for its next exchange it holds no buffer; head() is gone then.
  void rest() noexcept;
  /// Ends everything at once, as a deadline of the connection's own would: Kind::timeout.
  void give_up() noexcept;

 private:
  Result<std::string> render(const ClientRequest& request, const BodySource* body) const;
  Task<Result<>> write(std::string_view first, std::string_view second);
  Task<ClientResult<>> exchange_with_body(std::string method, std::string head, BodySource& body,
                                          bool wait_for_continue);
  static Task<> watch(std::shared_ptr<ClientConnection> self, std::string method,
                      std::shared_ptr<ClientUpload> upload);
  Task<ClientResult<>> read_answer(std::string method, std::shared_ptr<ClientUpload> upload);
  Task<ClientResult<std::size_t>> read_head_bytes();
  Task<ClientResult<>> receive();
  void make_room();
  void drop_input(std::size_t count) noexcept;
  void accept_head(std::size_t length);
  /// From the request's last byte on: `request` is asked whether its answer is still wanted.
  void wait_for_answer(const ClientRequest& request);
  void answer_arrived() noexcept;
  void look_at_wait();
  ClientFailure stream_failure(Error error) const;

  net::Worker& worker_;
  std::unique_ptr<net::Stream> stream_;
  const std::string host_;
  const ClientTimeouts timeouts_;
  net::Deadline deadline_;
  /// The request whose answer is waited for, while it is, and until when.
  const ClientRequest* awaited_ = nullptr;
  std::int64_t answer_by_ = 0;
  net::BufferPool::Buffer buffer_;
  InputWindow input_;
  ResponseHead head_;
  BodyReader body_;
  bool answered_ = false;
  /// The request went out as a whole.
  bool sent_ = false;
  /// The head of a final answer is in head_.
  bool complete_ = false;
  bool timed_out_ = false;
  bool abandoned_ = false;
};

}  // namespace moorgate::http
