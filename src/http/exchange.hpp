#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/task.hpp"
#include "http/body_reader.hpp"
#include "http/client.hpp"
#include "http/request_head.hpp"

namespace moorgate::net {
class Deadline;
class Stream;
}  // namespace moorgate::net

namespace moorgate::http {

/// What the pipeline found out about a request, for the access log. Views must outlive the
/// exchange or point at its head.
struct AccessRecord {
  std::string principal = {};
  /// Who vouched for it: "htpasswd", "proxy".
  std::string source = {};
  std::string_view action = {};
  std::string repository = {};
  /// Why the request was refused; empty if it was not.
  std::string reason = {};
  /// The request that a proxy asks about, "PUT /v2/…", where this one is only its question.
  std::string original = {};
};

/// What a handler wants to find again at the next request of the same connection; dies with it.
class ConnectionMemo {
 public:
  virtual ~ConnectionMemo() = default;
};

/// One request and its answer, independent of the codec that carries them. Loop-owned; used by
/// one coroutine. The answer is: status(), header()…, then exactly one of the send verbs.
class Exchange {
 public:
  struct Wire {
    net::Stream& stream;
    net::Deadline& deadline;
    std::chrono::milliseconds send_patience;
    std::string_view date;
    /// Reused from request to request.
    std::string& scratch;
    std::unique_ptr<ConnectionMemo>& memo;
    const Client& client;
  };

  Exchange(const RequestHead& head, BodyReader& body, Wire wire, bool keep_alive)
      : head_(head), body_(body), wire_(wire), keep_alive_(keep_alive) {}

  const RequestHead& head() const noexcept { return head_; }
  /// Who asks. What the head says about that has been judged, and taken out of it where it was not
  /// believed: see take_client().
  const Client& client() const noexcept { return wire_.client; }
  BodyReader& body() noexcept { return body_; }
  const BodyReader& body() const noexcept { return body_; }
  /// Nobody waits for the answer any more: one system call.
  bool client_left() const noexcept;
  /// The handler's own; null until it sets one.
  std::unique_ptr<ConnectionMemo>& memo() noexcept { return wire_.memo; }

  void status(int code) noexcept { status_ = code; }
  /// Name and value go out as they are: the caller sees to it that they hold no CR or LF.
  void header(std::string_view name, std::string_view value);
  void header(std::string_view name, std::uint64_t value);
  /// Forgets status and headers set so far (before anything was sent).
  void restart_response() noexcept;

  /// The whole body; a HEAD request gets its length only.
  Task<> send(std::string_view body);
  Task<> send_empty();
  /// As send(), for a body that only a GET would carry: `length` is announced, nothing follows.
  Task<> send_head(std::uint64_t length);
  /// `length` bytes of `file`, which stays open until this returns.
  Task<> send_file(int file, std::uint64_t offset, std::uint64_t length);
  /// A body in pieces: begin() once, then write() until `length` bytes are out.
  Task<Result<>> begin(std::uint64_t length);
  Task<Result<>> write(std::string_view piece);
  /// The same where the length is not known: begin_unbounded() once, write(), then end(). Chunked;
  /// up to the connection's end for a client of HTTP/1.0. Of a HEAD request the head only.
  Task<Result<>> begin_unbounded();
  Task<Result<>> end();

  /// The announced length cannot be kept: closing is all that tells the client.
  void cut_off() noexcept;
  /// The client is gone before there was an answer: nothing is sent, and the log shows 499.
  void abandon() noexcept;

  // ---- what the connection and the log ask afterwards
  bool responded() const noexcept { return responded_; }
  bool keep_alive() const noexcept { return keep_alive_; }
  void close_after() noexcept { keep_alive_ = false; }
  int status() const noexcept { return status_; }
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }
  /// The answer broke off: the peer went away, or a read failed in mid body.
  bool broken() const noexcept { return broken_; }

  AccessRecord record;

 private:
  /// The headers so far, behind room for the status line.
  std::string& head_text();
  /// The rendered head; decides whether the connection can go on.
  std::string_view render_head(std::uint64_t length);
  std::string_view render_head_unbounded();
  std::string_view finish_head();
  void finish(Result<> outcome, std::uint64_t bytes);

  const RequestHead& head_;
  BodyReader& body_;
  Wire wire_;
  int status_ = 500;
  bool keep_alive_;
  bool responded_ = false;
  bool broken_ = false;
  bool head_begun_ = false;
  bool chunked_ = false;
  std::uint64_t bytes_sent_ = 0;
};

/// The answer to a request that could not be parsed, or that failed inside.
struct ErrorPage {
  std::string_view content_type;
  std::string body;
  /// Further header lines, each ending in CR LF.
  std::string headers = {};
  /// Where the handler answers with another status than the one it was asked for.
  std::optional<int> status = std::nullopt;
};

/// Whoever answers requests. One per worker.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Task<> handle(Exchange& exchange) = 0;
  virtual ErrorPage error_page(int status, std::string_view reason) const = 0;
};

std::string_view status_text(int status) noexcept;

}  // namespace moorgate::http
