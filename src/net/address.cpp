#include "net/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "base/text.hpp"

namespace moorgate::net {
namespace {

Error bad_address(std::string_view text, std::string_view why) {
  return {Code::bad_request, quoted(text) + " is not an address to listen on: " + std::string(why) +
                                 "; expected 127.0.0.1:5043, [::1]:5043, :5043 or unix:/path"};
}

}  // namespace

Address::Address(const sockaddr* raw, socklen_t length)
    : length_(std::min<socklen_t>(length, sizeof storage_)) {
  std::memcpy(&storage_, raw, length_);
}

Result<Address> Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) {
    const std::string_view path = text.substr(5);
    sockaddr_un unix_address{};
    if (path.empty() || path.size() >= sizeof unix_address.sun_path) {
      return failure(bad_address(text, "a socket path has 1 to 107 characters"));
    }
    unix_address.sun_family = AF_UNIX;
    std::memcpy(unix_address.sun_path, path.data(), path.size());
    const auto length = offsetof(sockaddr_un, sun_path) + path.size() + 1;
    return Address(reinterpret_cast<const sockaddr*>(&unix_address),
                   static_cast<socklen_t>(length));
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return failure(bad_address(text, "it has no port"));
  const auto port = parse_decimal<std::uint16_t>(text.substr(colon + 1));
  if (!port) return failure(bad_address(text, "the port is not a number from 0 to 65535"));
  std::string host(text.substr(0, colon));
  if (host.empty()) host = "::";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (auto address = from_ip(host, *port)) return *address;
  return failure(bad_address(text, "the host is not an IP address"));
}

void Address::set_port(std::uint16_t port) noexcept {
  if (family() == AF_INET) reinterpret_cast<sockaddr_in&>(storage_).sin_port = htons(port);
  if (family() == AF_INET6) reinterpret_cast<sockaddr_in6&>(storage_).sin6_port = htons(port);
}

std::optional<Address> Address::from_ip(std::string_view text, std::uint16_t port) {
  if (text.size() >= INET6_ADDRSTRLEN || text.contains('\0')) return std::nullopt;
  const std::string host(text);
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, host.c_str(), bytes.data()) == 1) {
    return from_bytes(std::span(bytes).first(4), port);
  }
  if (inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1) return from_bytes(bytes, port);
  return std::nullopt;
}

Address Address::from_bytes(std::span<const std::uint8_t> ip, std::uint16_t port) {
  if (ip.size() == 4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, ip.data(), 4);
    return {reinterpret_cast<const sockaddr*>(&v4), sizeof v4};
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, ip.data(), 16);
  return {reinterpret_cast<const sockaddr*>(&v6), sizeof v6};
}

std::span<const std::uint8_t> Address::ip() const noexcept {
  if (family() == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage_).sin_addr;
    return {reinterpret_cast<const std::uint8_t*>(&v4), 4};
  }
  if (family() != AF_INET6) return {};
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage_).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return {&v6.s6_addr[12], 4};
  return {&v6.s6_addr[0], 16};
}

std::string Address::host() const {
  const auto bytes = ip();
  if (bytes.empty()) return is_unix() ? "unix" : "unknown";
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), buffer.data(), buffer.size());
  return buffer.data();
}

std::string Address::text() const {
  if (family() == AF_INET) {
    return host() + ":" +
           std::to_string(ntohs(reinterpret_cast<const sockaddr_in&>(storage_).sin_port));
  }
  if (family() == AF_INET6) {
    const std::string name = host();
    const auto port = ntohs(reinterpret_cast<const sockaddr_in6&>(storage_).sin6_port);
    return (name.find(':') == std::string::npos ? name : "[" + name + "]") + ":" +
           std::to_string(port);
  }
  if (!is_unix()) return host();
  const auto& unix_address = reinterpret_cast<const sockaddr_un&>(storage_);
  if (length_ <= offsetof(sockaddr_un, sun_path)) return "unix";
  return std::string("unix:") + unix_address.sun_path;
}

bool Address::is_loopback() const noexcept {
  if (family() == AF_INET) {
    return ntohl(reinterpret_cast<const sockaddr_in&>(storage_).sin_addr.s_addr) >> 24 == 127;
  }
  if (family() == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage_).sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
  }
  return false;
}

}  // namespace moorgate::net
