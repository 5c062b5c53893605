#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "http/request_head.hpp"

namespace moorgate::http {

/// A parsed status line and header section. It views the bytes it was parsed from and is reused
/// from answer to answer.
struct ResponseHead {
  int status = 0;           ///< 100 to 599.
  std::string_view reason;  ///< May be empty.
  std::vector<Header> headers;
  Framing framing = Framing::none;
  /// What Content-Length said, also where no body follows it (HEAD, 304); nullopt if it is absent.
  std::optional<std::uint64_t> content_length;
  bool keep_alive = true;

  bool interim() const noexcept { return status < 200; }
  /// The first header of that name (case ignored), or nullopt.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  std::size_t count(std::string_view name) const noexcept;
};

/// The empty line included.
inline constexpr std::size_t kResponseHeadLimit = 64 << 10;

/// Parses one complete head of an answer to `request_method` (RFC 9112, strictly): CRLF only, no
/// obsolete folding, no space before a colon, at most one Content-Length in digits,
/// Transfer-Encoding exactly "chunked" and neither in HTTP/1.0 nor beside Content-Length, 101 never
/// (nobody asks for it). Framing by RFC 9112 §6.3: none for HEAD, 1xx, 204, 304. Returns what is
/// wrong, or nullopt.
std::optional<std::string_view> parse_response_head(std::string_view bytes,
                                                    std::string_view request_method,
                                                    ResponseHead& into);

}  // namespace moorgate::http
