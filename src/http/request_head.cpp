#include "http/request_head.hpp"

#include <utility>

#include "base/text.hpp"
#include "http/grammar.hpp"

namespace moorgate::http {
namespace {

using grammar::all_of;
using grammar::kHost;
using grammar::kTarget;
using grammar::kToken;
using grammar::kValue;

/// Takes the text up to CRLF off `rest`; nullopt where a lone CR or LF stands.
std::optional<std::string_view> take_line(std::string_view& rest) noexcept {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos || end == 0 || rest[end - 1] != '\r') return std::nullopt;
  const std::string_view line = rest.substr(0, end - 1);
  if (line.find('\r') != std::string_view::npos) return std::nullopt;
  rest.remove_prefix(end + 1);
  return line;
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

std::optional<HeadError> parse_request_line(std::string_view line, RequestHead& into,
                                            int& minor_version) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return HeadError{400, "malformed request line"};
  into.method_text = line.substr(0, first);
  into.target = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  if (into.method_text.empty() || into.method_text.size() > 32 ||
      !all_of(into.method_text, kToken)) {
    return HeadError{400, "malformed request method"};
  }
  if (version == "HTTP/1.1") {
    minor_version = 1;
  } else if (version == "HTTP/1.0") {
    minor_version = 0;
  } else if (version.starts_with("HTTP/") && version.size() <= 8) {
    return HeadError{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  } else {
    return HeadError{400, "malformed request line"};
  }
  if (into.target.empty() || into.target.front() != '/') {
    return HeadError{400, "the request target must be an absolute path"};
  }
  if (!all_of(into.target, kTarget)) {
    return HeadError{400, "the request target holds a character that must be percent-encoded"};
  }
  into.method = method_of(into.method_text);
  const std::size_t query = into.target.find('?');
  into.path = into.target.substr(0, query);
  into.query = query == std::string_view::npos ? std::string_view{} : into.target.substr(query + 1);
  return std::nullopt;
}

std::optional<HeadError> parse_header(std::string_view line, RequestHead& into) {
  if (line.front() == ' ' || line.front() == '\t') {
    return HeadError{400, "folded header lines are not accepted"};
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0 || !all_of(line.substr(0, colon), kToken)) {
    return HeadError{400, "malformed header name"};
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (!all_of(value, kValue)) return HeadError{400, "a header value holds a control character"};
  if (into.headers.size() >= kHeaderLimit) return HeadError{431, "too many header lines"};
  into.headers.push_back({line.substr(0, colon), value});
  return std::nullopt;
}

/// What the framing-relevant headers said, each at most once.
struct Seen {
  bool host = false;
  bool length = false;
  bool chunked = false;
  bool close = false;
  bool keep_alive = false;
};

std::optional<HeadError> note_length(std::string_view value, RequestHead& into, Seen& seen) {
  const auto length = parse_decimal(value);
  if (seen.length || !length || *length > INT64_MAX) {
    return HeadError{400, "Content-Length must stand there once, in digits"};
  }
  seen.length = true;
  into.content_length = *length;
  return std::nullopt;
}

std::optional<HeadError> note_encoding(std::string_view value, Seen& seen) {
  if (seen.chunked) return HeadError{400, "Transfer-Encoding must stand there once"};
  if (!equals_ignoring_case(value, "chunked")) {
    return HeadError{501, "the only transfer encoding accepted is chunked"};
  }
  seen.chunked = true;
  return std::nullopt;
}

std::optional<HeadError> note_host(std::string_view value, Seen& seen) {
  if (seen.host) return HeadError{400, "Host must stand there once"};
  if (!all_of(value, kHost)) return HeadError{400, "malformed Host"};
  seen.host = true;
  return std::nullopt;
}

std::optional<HeadError> note(const Header& header, RequestHead& into, Seen& seen) {
  // Names are told apart by length first: most headers cost one comparison of a number.
  switch (header.name.size()) {
    case 4:
      if (equals_ignoring_case(header.name, "host")) return note_host(header.value, seen);
      break;
    case 6:
      if (equals_ignoring_case(header.name, "expect")) {
        into.expects_continue = equals_ignoring_case(header.value, "100-continue");
      }
      break;
    case 10:
      if (equals_ignoring_case(header.name, "connection") &&
          !note_options(header.value, seen.close, seen.keep_alive)) {
        return HeadError{400, "malformed Connection"};
      }
      break;
    case 14:
      if (equals_ignoring_case(header.name, "content-length")) {
        return note_length(header.value, into, seen);
      }
      break;
    case 17:
      if (equals_ignoring_case(header.name, "transfer-encoding")) {
        return note_encoding(header.value, seen);
      }
      break;
    default:
      break;
  }
  return std::nullopt;
}

std::optional<HeadError> settle(RequestHead& into, const Seen& seen, int minor_version) {
  if (seen.chunked && seen.length) {
    return HeadError{400, "Content-Length and Transfer-Encoding exclude each other"};
  }
  if (seen.chunked && minor_version == 0) {
    return HeadError{400, "HTTP/1.0 has no transfer encoding"};
  }
  if (!seen.host && minor_version == 1) return HeadError{400, "Host is missing"};
  if (seen.chunked) {
    into.framing = Framing::chunked;
  } else if (seen.length) {
    into.framing = Framing::length;
  }
  into.keep_alive = minor_version == 1 ? !seen.close : seen.keep_alive && !seen.close;
  if (minor_version == 0) into.expects_continue = false;
  return std::nullopt;
}

}  // namespace

Method method_of(std::string_view text) noexcept {
  static constexpr std::pair<std::string_view, Method> kMethods[] = {
      {"GET", Method::get}, {"HEAD", Method::head},   {"POST", Method::post},
      {"PUT", Method::put}, {"PATCH", Method::patch}, {"DELETE", Method::remove}};
  for (const auto& [name, method] : kMethods) {
    if (name == text) return method;
  }
  return Method::other;
}

std::optional<std::string_view> RequestHead::find(std::string_view name) const noexcept {
  for (const Header& header : headers) {
    if (header.name.size() == name.size() && equals_ignoring_case(header.name, name)) {
      return header.value;
    }
  }
  return std::nullopt;
}

std::size_t RequestHead::count(std::string_view name) const noexcept {
  std::size_t found = 0;
  for (const Header& header : headers) found += equals_ignoring_case(header.name, name) ? 1 : 0;
  return found;
}

std::size_t find_head_end(std::string_view bytes, std::size_t& searched) noexcept {
  const std::size_t from = searched > 3 ? searched - 3 : 0;
  const std::size_t end = bytes.find("\r\n\r\n", from);
  searched = bytes.size();
  return end == std::string_view::npos ? 0 : end + 4;
}

std::optional<HeadError> parse_head(std::string_view bytes, RequestHead& into) {
  into.headers.clear();
  into.framing = Framing::none;
  into.content_length = 0;
  into.expects_continue = false;
  int minor_version = 1;
  Seen seen;
  auto line = take_line(bytes);
  if (!line) return HeadError{400, "lines must end in CR LF"};
  if (auto error = parse_request_line(*line, into, minor_version)) return error;
  while (true) {
    line = take_line(bytes);
    if (!line) return HeadError{400, "lines must end in CR LF"};
    if (line->empty()) break;
    if (auto error = parse_header(*line, into)) return error;
    if (auto error = note(into.headers.back(), into, seen)) return error;
  }
  if (!bytes.empty()) return HeadError{400, "bytes after the head"};
  return settle(into, seen, minor_version);
}

}  // namespace moorgate::http
