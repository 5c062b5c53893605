#include "http/response_head.hpp"

#include "base/text.hpp"
#include "http/head_syntax.hpp"

namespace moorgate::http {
namespace {

/// "HTTP/1.1 200 OK"; the reason may be empty, and then the blank before it is often forgotten.
std::optional<std::string_view> parse_status_line(std::string_view line, ResponseHead& into,
                                                  int& minor_version) {
  if (line.starts_with("HTTP/1.1 ")) {
    minor_version = 1;
  } else if (line.starts_with("HTTP/1.0 ")) {
    minor_version = 0;
  } else {
    return "it does not begin with an HTTP/1.1 or HTTP/1.0 status line";
  }
  const std::string_view rest = line.substr(9);
  const auto status = parse_decimal<int>(rest.substr(0, 3));
  if (rest.size() < 3 || !status || *status < 100 || *status > 599) {
    return "its status is no number from 100 to 599";
  }
  if (rest.size() > 3 && rest[3] != ' ') return "its status line is malformed";
  into.status = *status;
  into.reason = rest.size() > 4 ? rest.substr(4) : std::string_view{};
  if (!is_field_value(into.reason)) return "its reason phrase holds a control character";
  if (into.status == 101) return "it switches protocols, which nobody asked for";
  return std::nullopt;
}

/// RFC 9112 §6.3, in its order.
Framing framing_of(const ResponseHead& head, const FramingFields& fields,
                   std::string_view request_method) noexcept {
  if (request_method == "HEAD" || head.interim() || head.status == 204 || head.status == 304) {
    return Framing::none;
  }
  if (fields.chunked) return Framing::chunked;
  return fields.length ? Framing::length : Framing::until_close;
}

}  // namespace

std::optional<std::string_view> ResponseHead::find(std::string_view name) const noexcept {
  return find_header(headers, name);
}

std::size_t ResponseHead::count(std::string_view name) const noexcept {
  return count_headers(headers, name);
}

std::optional<std::string_view> parse_response_head(std::string_view bytes,
                                                    std::string_view request_method,
                                                    ResponseHead& into) {
  into.headers.clear();
  int minor_version = 1;
  FramingFields fields;
  auto line = take_line(bytes);
  if (!line) return "its lines do not end in CR LF";
  if (auto error = parse_status_line(*line, into, minor_version)) return error;
  while (true) {
    line = take_line(bytes);
    if (!line) return "its lines do not end in CR LF";
    if (line->empty()) break;
    if (auto error = parse_header(*line, into.headers)) return error->reason;
    if (auto error = note_framing(into.headers.back(), fields)) return error->reason;
  }
  if (!bytes.empty()) return "bytes follow its head";
  if (auto error = check_framing(fields, minor_version)) return error->reason;
  // RFC 9110 §8.6 and RFC 9112 §6.1 forbid both; a reader that believed them would wait for a body.
  if (into.status == 204 && (fields.chunked || fields.length.value_or(0) > 0)) {
    return "a 204 announces a body";
  }
  into.content_length = fields.length;
  into.framing = framing_of(into, fields, request_method);
  into.keep_alive = persists(fields, minor_version);
  return std::nullopt;
}

}  // namespace moorgate::http
