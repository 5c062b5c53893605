#include "http/request_head.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "http/head_syntax.hpp"

namespace moorgate::http {
namespace {

std::optional<HeadError> parse_request_line(std::string_view line, RequestHead& into) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return HeadError{400, "malformed request line"};
  into.method_text = line.substr(0, first);
  into.target = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  if (into.method_text.size() > 32 || !is_token(into.method_text)) {
    return HeadError{400, "malformed request method"};
  }
  if (version == "HTTP/1.1") {
    into.minor_version = 1;
  } else if (version == "HTTP/1.0") {
    into.minor_version = 0;
  } else if (version.starts_with("HTTP/") && version.size() <= 8) {
    return HeadError{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  } else {
    return HeadError{400, "malformed request line"};
  }
  if (into.target.empty() || into.target.front() != '/') {
    return HeadError{400, "the request target must be an absolute path"};
  }
  if (!is_origin_form(into.target)) {
    return HeadError{400, "the request target holds a character that must be percent-encoded"};
  }
  into.method = method_of(into.method_text);
  const std::size_t query = into.target.find('?');
  into.path = into.target.substr(0, query);
  into.query = query == std::string_view::npos ? std::string_view{} : into.target.substr(query + 1);
  return std::nullopt;
}

/// The headers only a request has, each at most once.
struct RequestFields {
  FramingFields framing;
  bool host = false;
};

std::optional<HeadError> note(const Header& header, RequestHead& into, RequestFields& fields) {
  // Names are told apart by length first: most headers cost one comparison of a number.
  switch (header.name.size()) {
    case 4:
      if (!equals_ignoring_case(header.name, "host")) return std::nullopt;
      if (fields.host) return HeadError{400, "Host must stand there once"};
      if (!is_host(header.value)) return HeadError{400, "malformed Host"};
      fields.host = true;
      return std::nullopt;
    case 6:
      if (equals_ignoring_case(header.name, "expect")) {
        into.expects_continue = equals_ignoring_case(header.value, "100-continue");
      }
      return std::nullopt;
    default:
      return note_framing(header, fields.framing);
  }
}

std::optional<HeadError> settle(RequestHead& into, const RequestFields& fields) {
  const int minor_version = into.minor_version;
  if (auto error = check_framing(fields.framing, minor_version)) return error;
  if (!fields.host && minor_version == 1) return HeadError{400, "Host is missing"};
  into.content_length = fields.framing.length.value_or(0);
  if (fields.framing.chunked) {
    into.framing = Framing::chunked;
  } else if (fields.framing.length) {
    into.framing = Framing::length;
  }
  into.keep_alive = persists(fields.framing, minor_version);
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

bool is_form(const Header& header) noexcept {
  if (!equals_ignoring_case(header.name, "Content-Type")) return false;
  // Anywhere in it: servers disagree on what may stand around it.
  const auto holds = [value = header.value](std::string_view type) {
    return !std::ranges::search(value, type, [](char a, char b) {
              return equals_ignoring_case({&a, 1}, {&b, 1});
            }).empty();
  };
  return holds("x-www-form-urlencoded") || holds("multipart/");
}

std::optional<std::string_view> RequestHead::find(std::string_view name) const noexcept {
  return find_header(headers, name);
}

std::size_t RequestHead::count(std::string_view name) const noexcept {
  return count_headers(headers, name);
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
  into.minor_version = 1;
  RequestFields fields;
  auto line = take_line(bytes);
  if (!line) return HeadError{400, "lines must end in CR LF"};
  if (auto error = parse_request_line(*line, into)) return error;
  while (true) {
    line = take_line(bytes);
    if (!line) return HeadError{400, "lines must end in CR LF"};
    if (line->empty()) break;
    if (auto error = parse_header(*line, into.headers)) return error;
    if (auto error = note(into.headers.back(), into, fields)) return error;
  }
  if (!bytes.empty()) return HeadError{400, "bytes after the head"};
  return settle(into, fields);
}

}  // namespace moorgate::http
