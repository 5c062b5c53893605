#include "http/head_syntax.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace moorgate::http {
namespace {

constexpr auto make_table(bool (*member)(unsigned char)) {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = member(static_cast<unsigned char>(i));
  return table;
}

/// tchar of RFC 9110 §5.6.2.
constexpr auto kToken = make_table([](unsigned char c) {
  return is_alphanumeric(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
});
/// Visible ASCII without what RFC 3986 never allows in a path or query.
constexpr auto kTarget = make_table([](unsigned char c) {
  return c > 0x20 && c < 0x7f &&
         std::string_view("\"#<>\\^`{|}").find(static_cast<char>(c)) == std::string_view::npos;
});
/// field-vchar, space and tab; bytes above ASCII are opaque but allowed.
constexpr auto kValue =
    make_table([](unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); });
/// Host: a name, an address, a port.
constexpr auto kHost = make_table([](unsigned char c) {
  return is_alphanumeric(c) || std::string_view("-._~:[]%!$&'()*+,;=").find(static_cast<char>(c)) !=
                                   std::string_view::npos;
});

bool all_of(std::string_view text, const std::array<bool, 256>& table) noexcept {
  for (const char c : text) {
    if (!table[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

/// What the options of a Connection header ask for; false if it is no list of tokens.
bool note_options(std::string_view value, bool& close, bool& keep_alive) noexcept {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    const std::string_view option = trim(value.substr(0, comma));
    if (!all_of(option, kToken)) return false;
    close = close || equals_ignoring_case(option, "close");
    keep_alive = keep_alive || equals_ignoring_case(option, "keep-alive");
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
  }
  return true;
}

std::optional<HeadError> note_length(std::string_view value, FramingFields& fields) {
  const auto length = parse_decimal(value);
  if (fields.length || !length || *length > INT64_MAX) {
    return HeadError{400, "Content-Length must stand there once, in digits"};
  }
  fields.length = length;
  return std::nullopt;
}

std::optional<HeadError> note_encoding(std::string_view value, FramingFields& fields) {
  if (fields.chunked) return HeadError{400, "Transfer-Encoding must stand there once"};
  if (!equals_ignoring_case(value, "chunked")) {
    return HeadError{501, "the only transfer encoding accepted is chunked"};
  }
  fields.chunked = true;
  return std::nullopt;
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  return !text.empty() && all_of(text, kToken);
}

bool is_field_value(std::string_view text) noexcept {
  return all_of(text, kValue);
}

bool is_origin_form(std::string_view text) noexcept {
  return text.starts_with('/') && all_of(text, kTarget);
}

bool is_host(std::string_view text) noexcept {
  return all_of(text, kHost);
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

std::optional<std::string_view> take_line(std::string_view& rest) noexcept {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos || end == 0 || rest[end - 1] != '\r') return std::nullopt;
  const std::string_view line = rest.substr(0, end - 1);
  if (line.find('\r') != std::string_view::npos) return std::nullopt;
  rest.remove_prefix(end + 1);
  return line;
}

std::optional<HeadError> parse_header(std::string_view line, std::vector<Header>& headers) {
  if (line.front() == ' ' || line.front() == '\t') {
    return HeadError{400, "folded header lines are not accepted"};
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return HeadError{400, "malformed header name"};
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (!is_field_value(value)) return HeadError{400, "a header value holds a control character"};
  if (headers.size() >= kHeaderLimit) return HeadError{431, "too many header lines"};
  headers.push_back({line.substr(0, colon), value});
  return std::nullopt;
}

std::optional<HeadError> note_framing(const Header& header, FramingFields& fields) {
  switch (header.name.size()) {
    case 10:
      if (equals_ignoring_case(header.name, "connection") &&
          !note_options(header.value, fields.close, fields.keep_alive)) {
        return HeadError{400, "malformed Connection"};
      }
      break;
    case 14:
      if (equals_ignoring_case(header.name, "content-length")) {
        return note_length(header.value, fields);
      }
      break;
    case 17:
      if (equals_ignoring_case(header.name, "transfer-encoding")) {
        return note_encoding(header.value, fields);
      }
      break;
    default:
      break;
  }
  return std::nullopt;
}

std::optional<HeadError> check_framing(const FramingFields& fields, int minor_version) {
  if (fields.chunked && fields.length) {
    return HeadError{400, "Content-Length and Transfer-Encoding exclude each other"};
  }
  if (fields.chunked && minor_version == 0) {
    return HeadError{400, "HTTP/1.0 has no transfer encoding"};
  }
  return std::nullopt;
}

bool persists(const FramingFields& fields, int minor_version) noexcept {
  return !fields.close && (minor_version == 1 || fields.keep_alive);
}

std::optional<std::string_view> find_header(const std::vector<Header>& headers,
                                            std::string_view name) noexcept {
  for (const Header& header : headers) {
    if (header.name.size() == name.size() && equals_ignoring_case(header.name, name)) {
      return header.value;
    }
  }
  return std::nullopt;
}

std::size_t count_headers(const std::vector<Header>& headers, std::string_view name) noexcept {
  std::size_t found = 0;
  for (const Header& header : headers) found += equals_ignoring_case(header.name, name) ? 1 : 0;
  return found;
}

}  // namespace moorgate::http
