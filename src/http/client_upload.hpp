#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "http/body_source.hpp"
#include "http/client_failure.hpp"
#include "net/event.hpp"
#include "net/stream.hpp"

namespace moorgate::net {
class Deadline;
class Worker;
}  // namespace moorgate::net

namespace moorgate::http {

/// Sends the body of one request while somebody else watches for the answer. Internal to
/// ClientConnection, which shares it with the watcher. Loop-owned.
class ClientUpload {
 public:
  ClientUpload(net::Worker& worker, net::Stream& stream, net::Deadline& deadline,
               std::chrono::milliseconds patience, std::chrono::milliseconds continue_wait);

  /// True when the whole body went out; false when the answer came first, or its reading failed.
  /// Kind::body if the source fails, Kind::broken if the server takes no more.
  Task<ClientResult<bool>> send(BodySource& body, bool wait_for_continue);

  // ---- for the watcher
  /// The server wants the body.
  void wanted() noexcept { continue_.set(); }
  /// The answer is there, or never will be: stop sending.
  void answered(ClientResult<> outcome) noexcept;

  /// What answered() was told; waits for it.
  Task<ClientResult<>> answer();

 private:
  Task<ClientResult<bool>> send_pieces(BodySource& body);
  Task<Result<std::size_t>> read_piece(BodySource& body, std::span<char> into);
  Task<Result<>> write_piece(std::span<char> frame, std::size_t count, bool chunked);
  Task<Result<>> write(std::string_view bytes);

  net::Worker& worker_;
  net::Stream& stream_;
  net::Deadline& deadline_;
  const std::chrono::milliseconds patience_;
  net::Event continue_;
  net::Event done_;
  std::optional<ClientResult<>> outcome_;
  /// Being read from right now.
  BodySource* reading_ = nullptr;
  bool writing_ = false;
};

}  // namespace moorgate::http
