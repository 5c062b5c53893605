#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "http/body_reader.hpp"
#include "http/client.hpp"
#include "http/exchange.hpp"
#include "http/server.hpp"
#include "net/buffer_pool.hpp"
#include "net/deadline.hpp"

namespace moorgate::http {

/// One client connection, from handshake to close, as one straight coroutine. While it waits for a
/// request it holds no buffer.
class ServerConnection {
 public:
  /// `own_handler` is null where the server's current one answers.
  ServerConnection(Server& server, std::unique_ptr<net::Stream> stream,
                   std::shared_ptr<const net::TlsContext> tls,
                   std::shared_ptr<Handler> own_handler);
  ~ServerConnection();
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  Task<> run();
  /// No request under way, and no answer that the client may not have seen yet.
  bool owes_nothing() const noexcept {
    return phase_ != Phase::exchange && phase_ != Phase::head && !lingered_;
  }
  void abort() noexcept { stream_->abort(); }
  ServerConnection* next() const noexcept { return next_; }

 private:
  enum class Phase : std::uint8_t { handshake, idle, parked, head, exchange, linger };
  using Clock = std::chrono::steady_clock;

  /// What a look at the connection has brought.
  enum class Next : std::uint8_t { request, park, end };

  void patience_over();
  Task<Next> wait_for_input();
  Task<Next> read_head();
  void give_back_memory() noexcept;
  Task<> serve_request();
  /// What is wrong with a complete head, or nullopt after parsing it and judging its sender.
  std::optional<HeadError> take_head(std::string_view bytes);
  Task<> refuse(HeadError error);
  Task<> settle_body();
  Task<> linger();
  void finish(const Exchange& exchange);

  Server& server_;
  std::unique_ptr<net::Stream> stream_;
  std::shared_ptr<const net::TlsContext> tls_;
  std::shared_ptr<Handler> own_handler_;
  net::Deadline deadline_;
  Phase phase_ = Phase::handshake;
  /// Of the socket, or of whom its PROXY header names.
  std::string peer_;
  /// Of the request that is being served.
  Client client_;
  net::BufferPool::Buffer buffer_;
  /// Input of `buffer_` not yet consumed; behind the head while a request is served, so that body
  /// bytes never overwrite the head's.
  InputWindow input_;
  RequestHead head_;
  BodyReader body_;
  std::string scratch_;
  /// Why the head was refused, where that is no constant text.
  std::string refusal_;
  std::unique_ptr<ConnectionMemo> memo_;
  bool keep_alive_ = true;
  bool lingered_ = false;
  Clock::time_point started_;
  ServerConnection* next_ = nullptr;
  ServerConnection* previous_ = nullptr;
};

}  // namespace moorgate::http
