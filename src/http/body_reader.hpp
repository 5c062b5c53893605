#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/task.hpp"
#include "http/request_head.hpp"

namespace moorgate::net {
class Deadline;
class Stream;
}  // namespace moorgate::net

namespace moorgate::http {

/// Where unread input of a connection lies: [begin, end) of one buffer, head bytes first.
struct InputWindow {
  std::span<char> memory;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view bytes() const noexcept { return {memory.data() + begin, end - begin}; }
};

/// The body of one request or answer. Loop-owned by its connection.
class BodyReader {
 public:
  /// `input` may already hold the body's first bytes; large reads bypass it. `patience` is how
  /// long the peer may send nothing.
  BodyReader(net::Stream& stream, net::Deadline& deadline, InputWindow& input,
             std::chrono::milliseconds patience);

  void start(const RequestHead& head);
  /// Of an answer. `length` counts where `framing` says so.
  void start(Framing framing, std::uint64_t length);

  /// At least one byte, or 0 at the end of the body. bad_request on broken framing, end_of_stream
  /// or timeout if the peer goes away or stalls; after an error the connection is of no use, unless
  /// it came of interrupt().
  Task<Result<std::size_t>> read_some(std::span<char> into);
  /// Makes a pending read_some() return `timeout`; what it would have read is still to come.
  void interrupt() noexcept;
  /// The whole rest of the body, or size_invalid as soon as it is over `limit`.
  Task<Result<std::string>> read_all(std::size_t limit);

  bool finished() const noexcept { return state_ == State::done; }
  /// True while the client waits for "100 Continue" before it sends the body.
  bool awaiting_continue() const noexcept { return awaiting_continue_; }
  /// Bytes still to come if the length is known, else nullopt.
  std::optional<std::uint64_t> remaining() const noexcept;
  /// Body bytes delivered so far.
  std::uint64_t received() const noexcept { return received_; }

 private:
  enum class State : std::uint8_t {
    done,
    length,
    chunk_head,
    chunk_data,
    chunk_end,
    trailer,
    until_close
  };

  Task<Result<>> refill();
  Task<Result<>> send_continue();
  Task<Result<std::size_t>> read_raw(std::span<char> into);
  Task<Result<>> next_chunk();
  Task<Result<std::string_view>> read_line(std::size_t limit);

  net::Stream& stream_;
  net::Deadline& deadline_;
  InputWindow& input_;
  const std::chrono::milliseconds patience_;
  State state_ = State::done;
  bool awaiting_continue_ = false;
  std::uint64_t left_ = 0;
  std::uint64_t received_ = 0;
  std::size_t trailer_bytes_ = 0;
};

}  // namespace moorgate::http
