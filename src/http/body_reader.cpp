#include "http/body_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/text.hpp"
#include "net/deadline.hpp"
#include "net/stream.hpp"

namespace moorgate::http {
namespace {

/// A chunk's size line, extensions included; and one trailer line.
constexpr std::size_t kChunkLineLimit = 256;
constexpr std::size_t kTrailerLimit = 4 << 10;

/// What another parser might take for the end of a line, or of the text.
bool has_control(std::string_view line) noexcept {
  return std::ranges::any_of(line,
                             [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; });
}

std::optional<std::uint64_t> parse_chunk_size(std::string_view line) {
  const std::string_view digits = line.substr(0, line.find_first_of("; \t"));
  if (digits.empty() || digits.size() > 15) return std::nullopt;
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  // After the digits only an extension may follow, with blanks before its semicolon (BWS).
  const std::string_view rest = line.substr(digits.size());
  if (!rest.empty() && !trim(rest).starts_with(';')) return std::nullopt;
  return size;
}

}  // namespace

BodyReader::BodyReader(net::Stream& stream, net::Deadline& deadline, InputWindow& input,
                       std::chrono::milliseconds patience)
    : stream_(stream), deadline_(deadline), input_(input), patience_(patience) {}

void BodyReader::start(const RequestHead& head) {
  start(head.framing, head.content_length);
  awaiting_continue_ = head.expects_continue && state_ != State::done && input_.bytes().empty();
}

void BodyReader::start(Framing framing, std::uint64_t length) {
  received_ = 0;
  trailer_bytes_ = 0;
  awaiting_continue_ = false;
  left_ = length;
  switch (framing) {
    case Framing::none:
      state_ = State::done;
      break;
    case Framing::length:
      state_ = left_ == 0 ? State::done : State::length;
      break;
    case Framing::chunked:
      state_ = State::chunk_head;
      break;
    case Framing::until_close:
      left_ = UINT64_MAX;
      state_ = State::until_close;
      break;
  }
}

void BodyReader::interrupt() noexcept {
  stream_.interrupt_read();
}

std::optional<std::uint64_t> BodyReader::remaining() const noexcept {
  if (state_ == State::done) return 0;
  if (state_ == State::length) return left_;
  return std::nullopt;
}

Task<Result<>> BodyReader::send_continue() {
  awaiting_continue_ = false;
  deadline_.set(patience_);
  auto sent = co_await stream_.write("HTTP/1.1 100 Continue\r\n\r\n", {});
  deadline_.clear();
  co_return sent;
}

Task<Result<>> BodyReader::refill() {
  if (input_.begin == input_.end) input_.begin = input_.end = 0;
  if (input_.end == input_.memory.size()) {
    std::memmove(input_.memory.data(), input_.memory.data() + input_.begin,
                 input_.end - input_.begin);
    input_.end -= input_.begin;
    input_.begin = 0;
  }
  deadline_.set(patience_);
  auto got = co_await stream_.read_some(input_.memory.subspan(input_.end));
  deadline_.clear();
  if (!got) co_return failure(std::move(got).error());
  input_.end += *got;
  co_return Result<>{};
}

Task<Result<std::size_t>> BodyReader::read_raw(std::span<char> into) {
  const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
  std::size_t count = std::min(want, input_.end - input_.begin);
  if (count > 0) {
    std::memcpy(into.data(), input_.memory.data() + input_.begin, count);
    input_.begin += count;
  } else {
    deadline_.set(patience_);
    auto got = co_await stream_.read_some(into.first(want));
    // What the handler now does with the bytes is not the peer's delay.
    deadline_.clear();
    if (!got) co_return failure(std::move(got).error());
    count = *got;
  }
  left_ -= count;
  received_ += count;
  co_return count;
}

Task<Result<std::string_view>> BodyReader::read_line(std::size_t limit) {
  while (true) {
    const std::string_view bytes = input_.bytes();
    const std::size_t end = bytes.find('\n');
    if (end != std::string_view::npos && end <= limit) {
      if (end == 0 || bytes[end - 1] != '\r' || has_control(bytes.substr(0, end - 1))) break;
      input_.begin += end + 1;
      co_return bytes.substr(0, end - 1);
    }
    if (bytes.size() > limit) break;
    if (auto more = co_await refill(); !more) co_return failure(std::move(more).error());
  }
  co_return failure(Code::bad_request, "malformed chunked body");
}

Task<Result<>> BodyReader::next_chunk() {
  while (true) {
    auto line = co_await read_line(state_ == State::trailer ? kTrailerLimit : kChunkLineLimit);
    if (!line) co_return failure(std::move(line).error());
    if (state_ == State::chunk_end) {
      if (!line->empty()) break;
      state_ = State::chunk_head;
    } else if (state_ == State::chunk_head) {
      const auto size = parse_chunk_size(*line);
      if (!size) break;
      left_ = *size;
      state_ = left_ == 0 ? State::trailer : State::chunk_data;
      if (left_ > 0) co_return Result<>{};
    } else {
      if (line->empty()) {
        state_ = State::done;
        co_return Result<>{};
      }
      trailer_bytes_ += line->size();
      if (trailer_bytes_ > kTrailerLimit) break;
    }
  }
  co_return failure(Code::bad_request, "malformed chunked body");
}

Task<Result<std::size_t>> BodyReader::read_some(std::span<char> into) {
  if (state_ == State::done) co_return std::size_t{0};
  if (awaiting_continue_) {
    if (auto sent = co_await send_continue(); !sent) co_return failure(std::move(sent).error());
  }
  if (state_ == State::chunk_head || state_ == State::chunk_end) {
    if (auto chunk = co_await next_chunk(); !chunk) co_return failure(std::move(chunk).error());
    if (state_ == State::done) co_return std::size_t{0};
  }
  auto got = co_await read_raw(into);
  if (state_ == State::until_close) {
    if (got || got.error().code != Code::end_of_stream || !stream_.ended_cleanly()) co_return got;
    state_ = State::done;
    co_return std::size_t{0};
  }
  if (got && left_ == 0) state_ = state_ == State::length ? State::done : State::chunk_end;
  co_return got;
}

Task<Result<std::string>> BodyReader::read_all(std::size_t limit) {
  std::string body;
  const std::uint64_t expected = remaining().value_or(4096);
  if (remaining() && expected > limit) {
    co_return failure(Code::size_invalid, "the body is too large");
  }
  body.resize(static_cast<std::size_t>(expected));
  std::size_t size = 0;
  while (!finished()) {
    if (size == body.size()) body.resize(std::min(limit + 1, size * 2));
    auto got = co_await read_some(std::span(body).subspan(size));
    if (!got) co_return failure(std::move(got).error());
    if (*got == 0) break;
    size += *got;
    if (size > limit) co_return failure(Code::size_invalid, "the body is too large");
  }
  body.resize(size);
  co_return body;
}

}  // namespace moorgate::http
