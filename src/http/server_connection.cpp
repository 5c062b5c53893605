#include "http/server_connection.hpp"

#include <cstring>
#include <exception>
#include <utility>

#include "base/log.hpp"
#include "base/rare_warning.hpp"
#include "net/worker.hpp"

namespace moorgate::http {
namespace {

/// The rest of the 32 KiB buffer stays free for the body's framing.
constexpr std::size_t kHeadLimit = 24 << 10;
/// A connection idle for this long gives its buffers back.
constexpr std::chrono::milliseconds kParkAfter{500};
// As nginx does by default: long enough for a client in the midst of a push to see the answer.
constexpr std::chrono::seconds kLingerTotal{30};
constexpr std::chrono::seconds kLingerSilence{5};
constexpr std::uint64_t kLingerBytes = 256U << 20U;

log::RareWarning bad_proxy_header(
    "a connection was closed for its PROXY header; does the proxy send one to this listener?");

Task<> send_page(Exchange& exchange, int status, ErrorPage page) {
  exchange.status(page.status.value_or(status));
  exchange.header("Content-Type", page.content_type);
  for (std::string_view lines = page.headers; !lines.empty();) {
    const std::size_t colon = lines.find(": ");
    const std::size_t end = lines.find("\r\n");
    exchange.header(lines.substr(0, colon), lines.substr(colon + 2, end - colon - 2));
    lines.remove_prefix(end + 2);
  }
  co_await exchange.send(page.body);
}

}  // namespace

ServerConnection::ServerConnection(Server& server, std::unique_ptr<net::Stream> stream,
                                   std::shared_ptr<const net::TlsContext> tls,
                                   std::shared_ptr<Handler> own_handler)
    : server_(server),
      stream_(std::move(stream)),
      tls_(std::move(tls)),
      own_handler_(std::move(own_handler)),
      deadline_(server.worker_.watchdog(), [this] { patience_over(); }),
      peer_(stream_->peer().host()),
      body_(*stream_, deadline_, input_, server.limits_.body_timeout),
      next_(server.first_) {
  if (next_ != nullptr) next_->previous_ = this;
  server.first_ = this;
}

ServerConnection::~ServerConnection() {
  (previous_ != nullptr ? previous_->next_ : server_.first_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  server_.worker_.connections.fetch_sub(1, std::memory_order_relaxed);
}

void ServerConnection::patience_over() {
  if (phase_ == Phase::idle) {
    phase_ = Phase::parked;
    deadline_.set(server_.limits_.idle_timeout);
    stream_->interrupt_read();
    return;
  }
  stream_->abort();
}

Task<> ServerConnection::run() {
  deadline_.set(server_.limits_.header_timeout);
  if (auto secure = co_await stream_->handshake(); !secure) {
    if (secure.error().code == Code::bad_request) {
      bad_proxy_header.write("client", peer_, secure.error().message);
    } else {
      log::debug("TLS handshake failed", {{"client", peer_}, {"error", secure.error().detail}});
    }
    co_return;
  }
  peer_ = stream_->peer().host();
  while (keep_alive_) {
    const Next next = co_await read_head();
    if (next == Next::end) break;
    if (next == Next::request) {
      co_await serve_request();
      continue;
    }
    // Waited for here, where the fewest coroutines keep their memory meanwhile.
    if (!stream_->has_buffered_input()) {
      if (auto ready = co_await stream_->wait_readable(); !ready) break;
    }
    phase_ = Phase::head;
    deadline_.set(server_.limits_.header_timeout);
  }
  if (!lingered_) {
    deadline_.set(kLingerSilence);
    co_await stream_->say_end();
  }
}

/// Brings at least one more byte into the window, unless the connection is to be parked or over.
Task<ServerConnection::Next> ServerConnection::wait_for_input() {
  if (!buffer_) {
    buffer_ = server_.worker_.small_buffers().borrow();
    input_ = {buffer_.span(), 0, 0};
  }
  if (phase_ == Phase::idle) deadline_.set(kParkAfter);
  auto got = co_await stream_->read_some(input_.memory.subspan(input_.end));
  if (got) {
    input_.end += *got;
    co_return Next::request;
  }
  if (phase_ != Phase::parked || got.error().code != Code::timeout) co_return Next::end;
  give_back_memory();
  co_return Next::park;
}

void ServerConnection::give_back_memory() noexcept {
  buffer_.release();
  input_ = {};
  std::string().swap(scratch_);
  std::vector<Header>().swap(head_.headers);
}

Task<ServerConnection::Next> ServerConnection::read_head() {
  // What the last request left over moves to the front: heads always start the buffer.
  const std::string_view rest = input_.bytes();
  if (!rest.empty()) std::memmove(buffer_.data(), rest.data(), rest.size());
  input_ = {buffer_.span(), 0, rest.size()};
  if (server_.draining_) co_return Next::end;
  if (!rest.empty()) {
    phase_ = Phase::head;
    deadline_.set(server_.limits_.header_timeout);
  } else if (phase_ != Phase::head) {
    phase_ = Phase::idle;
  }

  std::size_t searched = 0;
  while (true) {
    if (input_.end > 0 && phase_ != Phase::head) {
      phase_ = Phase::head;
      deadline_.set(server_.limits_.header_timeout);
    }
    // One empty line before a request is tolerated (RFC 9112 §2.2).
    if (input_.bytes().starts_with("\r\n")) input_.begin = 2;
    const std::string_view bytes = input_.bytes();
    const std::size_t length = find_head_end(bytes, searched);
    if (length > kHeadLimit || (length == 0 && bytes.size() > kHeadLimit)) {
      co_await refuse({431, "the request head is larger than 24 KiB"});
      co_return Next::end;
    }
    if (length > 0) {
      if (auto error = take_head(bytes.substr(0, length))) {
        co_await refuse(*error);
        co_return Next::end;
      }
      const std::size_t head_end = input_.begin + length;
      input_ = {buffer_.span().subspan(head_end), 0, input_.end - head_end};
      co_return Next::request;
    }
    if (const Next next = co_await wait_for_input(); next != Next::request) co_return next;
  }
}

std::optional<HeadError> ServerConnection::take_head(std::string_view bytes) {
  if (auto error = parse_head(bytes, head_)) return error;
  const Peer peer{.address = stream_->peer(), .host = peer_, .encrypted = stream_->encrypted()};
  auto taken = take_client(peer, *server_.proxies_, head_, client_);
  if (taken) return std::nullopt;
  refusal_ = std::move(taken).error().message;
  return HeadError{400, refusal_};
}

Task<> ServerConnection::serve_request() {
  phase_ = Phase::exchange;
  deadline_.clear();
  started_ = Clock::now();
  body_.start(head_);
  const std::shared_ptr<Handler> handler = own_handler_ ? own_handler_ : server_.handler_;
  Exchange exchange(head_, body_,
                    {*stream_, deadline_, server_.limits_.send_timeout, server_.worker_.http_date(),
                     scratch_, memo_, client_},
                    head_.keep_alive && !server_.draining_);
  std::string failure_detail;
  try {
    co_await handler->handle(exchange);
    if (!exchange.responded()) failure_detail = "the handler gave no answer";
  } catch (const std::exception& error) {
    failure_detail = error.what();
  }
  if (!failure_detail.empty()) {
    log::error("a request failed inside", {{"target", head_.target}, {"error", failure_detail}});
    exchange.close_after();
    if (!exchange.responded()) {
      exchange.restart_response();
      co_await send_page(exchange, 500,
                         handler->error_page(500, "the registry failed inside; its log says why"));
    }
  }
  finish(exchange);
  keep_alive_ = exchange.keep_alive();
  if (!exchange.broken() && !body_.finished()) co_await settle_body();
}

/// After an answer that did not wait for the whole body.
Task<> ServerConnection::settle_body() {
  if (!keep_alive_) {
    co_await linger();
    co_return;
  }
  phase_ = Phase::linger;
  const auto until = Clock::now() + kLingerTotal;
  auto scrap = server_.worker_.small_buffers().borrow();
  while (!body_.finished()) {
    if (Clock::now() >= until || server_.draining_) {
      keep_alive_ = false;
      co_return;
    }
    if (auto got = co_await body_.read_some(scrap.span()); !got) {
      keep_alive_ = false;
      co_return;
    }
  }
}

/// Closing with unread input makes the kernel send a reset that destroys the answer before the
/// client has seen it; so what still comes is read and forgotten for a while.
Task<> ServerConnection::linger() {
  phase_ = Phase::linger;
  lingered_ = true;
  deadline_.set(kLingerSilence);
  co_await stream_->shutdown_send();
  const auto until = Clock::now() + kLingerTotal;
  auto scrap = server_.worker_.small_buffers().borrow();
  for (std::uint64_t read = 0; read < kLingerBytes && Clock::now() < until;) {
    deadline_.set(kLingerSilence);
    auto got = co_await stream_->read_some(scrap.span());
    if (!got) break;
    read += *got;
  }
}

Task<> ServerConnection::refuse(HeadError error) {
  started_ = Clock::now();
  const std::shared_ptr<Handler> handler = own_handler_ ? own_handler_ : server_.handler_;
  head_ = {};
  head_.method_text = "-";
  head_.target = "-";
  // Nothing in a head that was refused is believed.
  client_ = Client();
  client_.address = peer_;
  body_.start(head_);
  Exchange exchange(head_, body_,
                    {*stream_, deadline_, server_.limits_.send_timeout, server_.worker_.http_date(),
                     scratch_, memo_, client_},
                    false);
  exchange.record.reason = error.reason;
  co_await send_page(exchange, error.status, handler->error_page(error.status, error.reason));
  finish(exchange);
  co_await linger();
}

void ServerConnection::finish(const Exchange& exchange) {
  const auto duration =
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_);
  server_.access_log_.add(exchange, duration);
  if (server_.finished_) server_.finished_(exchange, duration);
}

}  // namespace moorgate::http
