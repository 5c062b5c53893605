#include "response.hpp"

#include <strings.h>

#include <charconv>
#include <string>

#include "target.hpp"

namespace load {

std::string_view ResponseHead::field(std::string_view name) const {
  std::string_view rest = text;
  while (true) {
    const std::size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) return {};
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    std::string_view value = line.substr(name.size() + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    return value;
  }
}

std::optional<ResponseHead> parse_head(std::string_view bytes) {
  constexpr std::size_t kStatusAt = 9;  // after "HTTP/1.1 "
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  ResponseHead head;
  head.size = end + 4;
  head.text = bytes.substr(0, end + 2);
  if (!bytes.starts_with("HTTP/1.1 ") || end < kStatusAt + 3 ||
      std::from_chars(bytes.data() + kStatusAt, bytes.data() + kStatusAt + 3, head.status).ec !=
          std::errc{}) {
    throw WrongAnswer("no HTTP answer: " + std::string(bytes.substr(0, 64)));
  }
  const std::string_view length = head.field("Content-Length");
  std::uint64_t number = 0;
  if (!length.empty() &&
      std::from_chars(length.data(), length.data() + length.size(), number).ec == std::errc{}) {
    head.length = number;
  }
  return head;
}

}  // namespace load
