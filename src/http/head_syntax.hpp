#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/request_head.hpp"

/// What the heads of requests and of answers have in common (RFC 9110 §5, RFC 9112 §5-6). Internal
/// to http, but for the words about text.
namespace moorgate::http {

constexpr bool is_alphanumeric(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
/// token of RFC 9110 §5.6.2; not empty.
bool is_token(std::string_view text) noexcept;
/// What a field value may hold: visible ASCII, blanks, opaque bytes above ASCII; no control.
bool is_field_value(std::string_view text) noexcept;
/// Path and query in origin form: begins with '/', visible ASCII without what RFC 3986 never
/// allows.
bool is_origin_form(std::string_view text) noexcept;
/// Name, address and port as a Host header holds them; may be empty.
bool is_host(std::string_view text) noexcept;
/// ASCII only.
std::string lower_case(std::string_view text);

/// Takes the text up to CRLF off `rest`; nullopt where a lone CR or LF stands.
std::optional<std::string_view> take_line(std::string_view& rest) noexcept;

/// One header line, folding refused, appended to `headers` up to kHeaderLimit.
std::optional<HeadError> parse_header(std::string_view line, std::vector<Header>& headers);

/// What the headers said that decide about framing and connection, each at most once.
struct FramingFields {
  std::optional<std::uint64_t> length;
  bool chunked = false;
  bool close = false;
  bool keep_alive = false;
};

/// Looks at Connection, Content-Length and Transfer-Encoding; passes over all others.
std::optional<HeadError> note_framing(const Header& header, FramingFields& fields);
/// What they must not say together, or in HTTP/1.0.
std::optional<HeadError> check_framing(const FramingFields& fields, int minor_version);
/// Whether the connection goes on after this message.
bool persists(const FramingFields& fields, int minor_version) noexcept;

std::optional<std::string_view> find_header(const std::vector<Header>& headers,
                                            std::string_view name) noexcept;
std::size_t count_headers(const std::vector<Header>& headers, std::string_view name) noexcept;

}  // namespace moorgate::http
