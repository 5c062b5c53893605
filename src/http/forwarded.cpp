#include "http/forwarded.hpp"

#include <utility>

#include "base/text.hpp"
#include "http/head_syntax.hpp"

namespace moorgate::http {
namespace {

std::unexpected<Error> malformed(std::string_view why) {
  return failure(Code::bad_request, "malformed Forwarded header: " + std::string(why));
}

/// obfnode and obfport of RFC 7239 §6.3: "_" and letters, digits, ".", "_", "-".
bool is_obfuscated(std::string_view text) noexcept {
  if (text.size() < 2 || text.front() != '_') return false;
  for (const char c : text) {
    if (!is_alphanumeric(static_cast<unsigned char>(c)) && c != '.' && c != '_' && c != '-') {
      return false;
    }
  }
  return true;
}

bool is_port(std::string_view text) noexcept {
  return parse_decimal<std::uint16_t>(text).has_value() || is_obfuscated(text);
}

ForwardedNode node_of(const net::Address& address) {
  return {.address = address, .text = address.host()};
}

/// "[2001:db8::9]" with or without ":port".
std::optional<ForwardedNode> parse_bracketed(std::string_view text) {
  const std::size_t end = text.find(']');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(end + 1);
  const bool port_fits = rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  const auto address = net::Address::from_ip(text.substr(1, end - 1));
  if (!port_fits || !address || address->family() != AF_INET6) return std::nullopt;
  return node_of(*address);
}

/// A name that is no IPv6 address, with or without ":port".
std::optional<ForwardedNode> parse_plain(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && !is_port(text.substr(colon + 1))) return std::nullopt;
  const std::string_view name = text.substr(0, colon);
  if (const auto address = net::Address::from_ip(name)) return node_of(*address);
  if (equals_ignoring_case(name, "unknown")) return ForwardedNode{{}, "unknown"};
  if (is_obfuscated(name)) return ForwardedNode{{}, std::string(name)};
  return std::nullopt;
}

/// RFC 7239 §6: IPv6 only in brackets.
std::optional<ForwardedNode> parse_node(std::string_view text) {
  return text.starts_with('[') ? parse_bracketed(text) : parse_plain(text);
}

/// Reads what RFC 7239 §4 allows, one token after the other.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const noexcept { return rest_.empty(); }
  bool take(char c) noexcept {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_blanks() noexcept {
    while (take(' ') || take('\t')) {
    }
  }
  std::string_view take_token() noexcept {
    std::size_t size = 0;
    while (size < rest_.size() && is_token(rest_.substr(size, 1))) ++size;
    const std::string_view token = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return token;
  }
  /// A token or a quoted string; nullopt where neither stands.
  std::optional<std::string> take_value() {
    if (!take('"')) {
      const std::string_view token = take_token();
      if (token.empty()) return std::nullopt;
      return std::string(token);
    }
    std::string value;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return value;
      if (c != '\\') {
        value += c;
      } else if (!rest_.empty()) {
        value += rest_.front();
        rest_.remove_prefix(1);
      }
    }
    return std::nullopt;
  }

 private:
  std::string_view rest_;
};

/// Puts one parameter where it belongs; the answer is what is wrong with it, if anything.
std::string_view put(std::string_view name, std::string value, ForwardedElement& into) {
  if (equals_ignoring_case(name, "for")) {
    if (into.source) return "for stands twice in one element";
    into.source = parse_node(value);
    if (!into.source) return "for is neither an address nor an identifier";
  } else if (equals_ignoring_case(name, "proto")) {
    if (!into.scheme.empty()) return "proto stands twice in one element";
    into.scheme = std::move(value);
  } else if (equals_ignoring_case(name, "host")) {
    if (!into.host.empty()) return "host stands twice in one element";
    into.host = std::move(value);
  }
  return {};
}

Result<ForwardedElement> parse_element(Scanner& scanner) {
  ForwardedElement element;
  do {
    scanner.skip_blanks();
    const std::string_view name = scanner.take_token();
    // Empty parameters are allowed; an empty element is a proxy that said nothing.
    if (name.empty()) continue;
    if (!scanner.take('=')) return malformed("a name without a value");
    auto value = scanner.take_value();
    if (!value) return malformed("a value that is neither a token nor a quoted string");
    const std::string_view wrong = put(name, *std::move(value), element);
    if (!wrong.empty()) return malformed(wrong);
    scanner.skip_blanks();
  } while (scanner.take(';'));
  return element;
}

}  // namespace

std::optional<ForwardedNode> parse_x_forwarded_node(std::string_view text) {
  if (text == "unix:") return ForwardedNode{{}, "unix"};
  if (text.starts_with('[')) return parse_bracketed(text);
  // Here an IPv6 address stands without brackets, and then has no port.
  if (const auto address = net::Address::from_ip(text)) return node_of(*address);
  return parse_plain(text);
}

Result<std::vector<ForwardedElement>> parse_forwarded(std::string_view value) {
  std::vector<ForwardedElement> elements;
  Scanner scanner(value);
  do {
    auto element = parse_element(scanner);
    if (!element) return failure(std::move(element).error());
    if (elements.size() == kForwardedLimit) return malformed("more than 64 elements");
    elements.push_back(*std::move(element));
  } while (scanner.take(','));
  if (!scanner.at_end())
    return malformed("a character that has no place there; IPv6 addresses and ports need quotes");
  return elements;
}

}  // namespace moorgate::http
