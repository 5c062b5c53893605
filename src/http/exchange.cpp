#include "http/exchange.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <tuple>
#include <utility>

#include "base/log.hpp"
#include "net/deadline.hpp"
#include "net/stream.hpp"

namespace moorgate::http {
namespace {

using namespace std::string_view_literals;

/// A body this short is read to its end so that the connection can go on.
constexpr std::uint64_t kWorthDraining = 64 << 10;
/// A longer body goes out in pieces, so that a slow client is seen to move.
constexpr std::size_t kPiece = 128 << 10;
/// Room for "HTTP/1.1 " status and date, which are known only when the head is rendered.
constexpr std::size_t kStatusLineRoom = 96;
constexpr std::string_view kLineBreak = "\r\n";
/// As nginx writes it into its log; never on the wire.
constexpr int kClientGone = 499;

/// Room for the digits of any number.
using Digits = std::array<char, 20>;

std::string_view print(std::uint64_t number, Digits& into) {
  const auto [end, error] = std::to_chars(into.data(), into.data() + into.size(), number);
  return {into.data(), static_cast<std::size_t>(end - into.data())};
}

/// Appends all parts with one look at the capacity: heads are made of many short pieces.
template <class... Parts>
void append(std::string& out, Parts... parts) {
  const std::size_t before = out.size();
  const std::size_t after = before + (parts.size() + ...);
  // libstdc++ 12 passes the new capacity as the second argument when it grows.
  out.resize_and_overwrite(after, [&](char* data, std::size_t /*size*/) {
    char* at = data + before;
    ((std::memcpy(at, parts.data(), parts.size()), at += parts.size()), ...);
    return after;
  });
}

}  // namespace

std::string_view status_text(int status) noexcept {
  static constexpr std::pair<int, std::string_view> kTexts[] = {
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {416, "Range Not Satisfiable"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {507, "Insufficient Storage"},
  };
  for (const auto& [code, text] : kTexts) {
    if (code == status) return text;
  }
  return "Status";
}

std::string& Exchange::head_text() {
  if (!std::exchange(head_begun_, true)) wire_.scratch.assign(kStatusLineRoom, ' ');
  return wire_.scratch;
}

void Exchange::header(std::string_view name, std::string_view value) {
  append(head_text(), name, ": "sv, value, "\r\n"sv);
}

void Exchange::header(std::string_view name, std::uint64_t value) {
  Digits digits;
  header(name, print(value, digits));
}

void Exchange::restart_response() noexcept {
  head_begun_ = false;
  status_ = 500;
}

std::string_view Exchange::render_head(std::uint64_t length) {
  if (status_ != 204 && status_ != 304) header("Content-Length", length);
  return finish_head();
}

std::string_view Exchange::render_head_unbounded() {
  chunked_ = head_.method != Method::head && head_.minor_version > 0;
  if (chunked_) {
    header("Transfer-Encoding", "chunked");
  } else if (head_.method != Method::head) {
    keep_alive_ = false;
  }
  return finish_head();
}

std::string_view Exchange::finish_head() {
  const auto rest = body_.remaining();
  if (!rest || *rest > kWorthDraining || (body_.awaiting_continue() && *rest > 0)) {
    keep_alive_ = false;
  }
  std::string& out = head_text();
  append(out, keep_alive_ ? "\r\n"sv : "Connection: close\r\n\r\n"sv);

  // The status line is written right before the headers, whose start is fixed.
  char* start = out.data() + kStatusLineRoom;
  const auto prepend = [&start](std::string_view part) {
    start -= part.size();
    std::memcpy(start, part.data(), part.size());
  };
  Digits digits;
  prepend("\r\n");
  prepend(wire_.date);
  prepend("\r\nDate: ");
  prepend(status_text(status_));
  prepend(" ");
  prepend(print(static_cast<std::uint64_t>(status_), digits));
  prepend("HTTP/1.1 ");
  responded_ = true;
  wire_.deadline.set(wire_.send_patience);
  return std::string_view(out).substr(static_cast<std::size_t>(start - out.data()));
}

void Exchange::cut_off() noexcept {
  broken_ = true;
  keep_alive_ = false;
  wire_.stream.abort();
}

bool Exchange::client_left() const noexcept {
  return wire_.stream.peer_left();
}

void Exchange::abandon() noexcept {
  status_ = kClientGone;
  responded_ = true;
  cut_off();
}

void Exchange::finish(Result<> outcome, std::uint64_t bytes) {
  wire_.deadline.clear();
  if (outcome) {
    bytes_sent_ += bytes;
    return;
  }
  if (outcome.error().code == Code::internal) {
    log::error("an answer broke off",
               {{"target", head_.target}, {"error", outcome.error().detail}});
  }
  broken_ = true;
  keep_alive_ = false;
}

Task<> Exchange::send(std::string_view body) {
  if (head_.method == Method::head) {
    co_await send_head(body.size());
    co_return;
  }
  const std::string_view first = body.substr(0, kPiece);
  finish(co_await wire_.stream.write(render_head(body.size()), first), first.size());
  for (std::size_t at = first.size(); at < body.size() && !broken_; at += kPiece) {
    std::ignore = co_await write(body.substr(at, kPiece));
  }
}

Task<> Exchange::send_empty() {
  return send({});
}

Task<> Exchange::send_head(std::uint64_t length) {
  finish(co_await wire_.stream.write(render_head(length), {}), 0);
}

Task<> Exchange::send_file(int file, std::uint64_t offset, std::uint64_t length) {
  const std::string_view head = render_head(length);
  finish(co_await wire_.stream.write_file(head, file, offset, length, wire_.deadline,
                                          wire_.send_patience),
         length);
}

Task<Result<>> Exchange::begin(std::uint64_t length) {
  auto sent = co_await wire_.stream.write(render_head(length), {});
  finish(sent, 0);
  co_return sent;
}

Task<Result<>> Exchange::begin_unbounded() {
  auto sent = co_await wire_.stream.write(render_head_unbounded(), {});
  finish(sent, 0);
  co_return sent;
}

Task<Result<>> Exchange::write(std::string_view piece) {
  wire_.deadline.set(wire_.send_patience);
  Result<> sent;
  if (chunked_ && piece.empty()) co_return sent;  // An empty chunk would be the last.
  if (chunked_) {
    // A chunk begins with the line break that ends the one before.
    std::array<char, 24> line{};
    char* at = line.data();
    if (bytes_sent_ > 0) at = std::ranges::copy(kLineBreak, at).out;
    at = std::to_chars(at, line.data() + line.size(), piece.size(), 16).ptr;
    at = std::ranges::copy(kLineBreak, at).out;
    sent = co_await wire_.stream.write(std::string_view(line.data(), at), piece);
  } else {
    sent = co_await wire_.stream.write(piece, {});
  }
  finish(sent, piece.size());
  co_return sent;
}

Task<Result<>> Exchange::end() {
  if (!chunked_) co_return Result<>{};
  wire_.deadline.set(wire_.send_patience);
  auto sent = co_await wire_.stream.write(bytes_sent_ > 0 ? "\r\n0\r\n\r\n" : "0\r\n\r\n", {});
  finish(sent, 0);
  co_return sent;
}

}  // namespace moorgate::http
