#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace moorgate::http {

enum class Method : std::uint8_t { get, head, post, put, patch, remove, other };

/// `other` for what is none of them; names are case-sensitive (RFC 9110 §9.1).
Method method_of(std::string_view name) noexcept;

struct Header {
  std::string_view name;
  std::string_view value;
};

/// A Content-Type that has many a server read parameters from the body, before those of the URL.
bool is_form(const Header& header) noexcept;

/// How the message body is delimited (RFC 9112 §6.3); only an answer may end with its connection.
enum class Framing : std::uint8_t { none, length, chunked, until_close };

/// A parsed request line and header section. It views the bytes it was parsed from and is reused
/// from request to request, so that a warm connection allocates nothing.
struct RequestHead {
  Method method = Method::other;
  std::string_view method_text;
  /// As sent: absolute path and query, ASCII without controls.
  std::string_view target;
  std::string_view path;   ///< Up to '?', not decoded.
  std::string_view query;  ///< After '?', not decoded; empty if none.
  std::vector<Header> headers;
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  bool expects_continue = false;
  /// Of HTTP/1.x: 0 or 1.
  int minor_version = 1;

  /// The first header of that name (case ignored), or nullopt.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  /// How often the header stands there.
  std::size_t count(std::string_view name) const noexcept;
};

/// Why a head is refused; the connection is closed after the answer.
struct HeadError {
  int status;  ///< 400, 431, 501 or 505.
  std::string_view reason;
};

inline constexpr std::size_t kHeaderLimit = 100;

/// Number of bytes of the head including its empty line, or 0 while that has not come.
/// `searched` remembers where the last call ended.
std::size_t find_head_end(std::string_view bytes, std::size_t& searched) noexcept;

/// Parses one complete head (RFC 9112, strictly): CRLF only, no obsolete folding, no space before
/// a colon, one Host (none only in HTTP/1.0), origin-form target, at most one Content-Length in
/// digits, Transfer-Encoding exactly "chunked" and not in HTTP/1.0 or beside Content-Length. What
/// two parsers could read in two ways is refused.
std::optional<HeadError> parse_head(std::string_view bytes, RequestHead& into);

}  // namespace moorgate::http
