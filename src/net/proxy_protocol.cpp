#include "net/proxy_protocol.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "base/text.hpp"

namespace moorgate::net {
namespace {

constexpr std::string_view kTextStart = "PROXY ";
constexpr std::string_view kBinaryStart("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kBinaryFixed = 16;

using Parsed = Result<std::optional<ProxyHeader>>;

std::unexpected<Error> malformed(std::string_view why) {
  return failure(Code::bad_request, "malformed PROXY header: " + std::string(why));
}

/// Whether `bytes` and `start` agree as far as both go.
bool begins_like(std::string_view bytes, std::string_view start) noexcept {
  const std::size_t size = std::min(bytes.size(), start.size());
  return bytes.substr(0, size) == start.substr(0, size);
}

// ---- version 1

/// Takes the text up to the next blank, or all that is left.
std::string_view take_word(std::string_view& line) noexcept {
  const std::size_t blank = line.find(' ');
  const std::string_view word = line.substr(0, blank);
  line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
  return word;
}

std::optional<std::uint16_t> text_port(std::string_view text) noexcept {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return parse_decimal<std::uint16_t>(text);
}

Parsed parse_text_addresses(std::string_view line, int family, std::size_t length) {
  // An empty word (two blanks, a blank at the end) is no address and no port.
  const std::string_view source = take_word(line);
  const std::string_view destination = take_word(line);
  const auto source_port = text_port(take_word(line));
  const bool last = !line.contains(' ');
  const auto destination_port = text_port(line);
  if (!source_port || !destination_port || !last) {
    return malformed("a port is not a number from 0 to 65535");
  }
  const auto from = Address::from_ip(source, *source_port);
  const auto to = Address::from_ip(destination, *destination_port);
  if (!from || !to || from->family() != family || to->family() != family) {
    return malformed("an address does not fit the protocol");
  }
  return ProxyHeader{.length = length, .source = from};
}

Parsed parse_text(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, kProxyLineLimit);
  const std::size_t end = head.find('\n');
  if (end == std::string_view::npos) {
    if (head.size() == kProxyLineLimit) return malformed("the line is longer than 107 bytes");
    return std::nullopt;
  }
  std::string_view line = head.substr(0, end);
  if (!line.ends_with('\r')) return malformed("the line does not end in CR LF");
  line.remove_suffix(1);
  if (line.contains('\r')) return malformed("a CR within the line");
  line.remove_prefix(kTextStart.size());
  const std::string_view protocol = take_word(line);
  if (protocol == "TCP4") return parse_text_addresses(line, AF_INET, end + 1);
  if (protocol == "TCP6") return parse_text_addresses(line, AF_INET6, end + 1);
  // Whatever else stands on the line is to be passed over.
  if (protocol == "UNKNOWN") return ProxyHeader{.length = end + 1, .source = Address()};
  return malformed("the protocol is none of TCP4, TCP6 and UNKNOWN");
}

// ---- version 2

std::size_t number_at(std::string_view bytes, std::size_t at) noexcept {
  return static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[at])) << 8U |
         static_cast<std::uint8_t>(bytes[at + 1]);
}

bool are_extensions(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    if (bytes.size() < 3 || bytes.size() - 3 < number_at(bytes, 1)) return false;
    bytes.remove_prefix(3 + number_at(bytes, 1));
  }
  return true;
}

struct Family {
  std::uint8_t code;
  /// Of one IP address; 0 where the address is not for us.
  std::size_t ip;
  /// Of both addresses and ports.
  std::size_t all;
};

/// UNSPEC, TCP over IPv4 and IPv6, and a stream Unix socket. Datagrams do not come here.
constexpr std::array<Family, 4> kFamilies{
    {{0x00, 0, 0}, {0x11, 4, 12}, {0x21, 16, 36}, {0x31, 0, 216}}};

Parsed parse_binary_addresses(std::uint8_t code, std::string_view rest, std::size_t length) {
  const auto* family = std::ranges::find(kFamilies, code, &Family::code);
  if (family == kFamilies.end()) return malformed("neither TCP nor a stream Unix socket");
  ProxyHeader header{.length = length, .source = Address()};
  // What follows UNSPEC has no form that is known.
  if (code == 0) return header;
  if (rest.size() < family->all) return malformed("too short for its addresses");
  if (!are_extensions(rest.substr(family->all))) return malformed("extensions that do not add up");
  if (family->ip != 0) {
    const std::span ip(reinterpret_cast<const std::uint8_t*>(rest.data()), family->ip);
    header.source =
        Address::from_bytes(ip, static_cast<std::uint16_t>(number_at(rest, 2 * family->ip)));
  }
  return header;
}

Parsed parse_binary(std::string_view bytes) {
  if (bytes.size() > 12 && (static_cast<std::uint8_t>(bytes[12]) & 0xf0U) != 0x20) {
    return malformed("its version is not 2");
  }
  if (bytes.size() < kBinaryFixed) return std::nullopt;
  const std::size_t length = kBinaryFixed + number_at(bytes, 14);
  if (length > kProxyHeaderLimit) return malformed("longer than 4096 bytes");
  const unsigned command = static_cast<std::uint8_t>(bytes[12]) & 0x0fU;
  if (command > 1) return malformed("an unknown command");
  if (bytes.size() < length) return std::nullopt;
  if (command == 0) return ProxyHeader{.length = length, .source = std::nullopt};
  return parse_binary_addresses(static_cast<std::uint8_t>(bytes[13]),
                                bytes.substr(kBinaryFixed, length - kBinaryFixed), length);
}

}  // namespace

Result<std::optional<ProxyHeader>> parse_proxy_header(std::string_view bytes) {
  if (begins_like(bytes, kTextStart)) {
    if (bytes.size() < kTextStart.size()) return std::nullopt;
    return parse_text(bytes);
  }
  if (!begins_like(bytes, kBinaryStart)) {
    return malformed("the connection does not begin with one");
  }
  if (bytes.size() < kBinaryStart.size()) return std::nullopt;
  return parse_binary(bytes);
}

}  // namespace moorgate::net
