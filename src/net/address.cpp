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

std::optional<Address> Address::from_ip(const std::string& ip, std::uint16_t port) {
  sockaddr_in v4{};
  if (inet_pton(AF_INET, ip.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return Address(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, ip.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return Address(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  }
  return std::nullopt;
}

void Address::set_port(std::uint16_t port) noexcept {
  if (family() == AF_INET) reinterpret_cast<sockaddr_in&>(storage_).sin_port = htons(port);
  if (family() == AF_INET6) reinterpret_cast<sockaddr_in6&>(storage_).sin6_port = htons(port);
}

std::string Address::host() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage_).sin_addr, buffer.data(),
              buffer.size());
    return buffer.data();
  }
  if (family() == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage_).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
      inet_ntop(AF_INET, &v6.s6_addr[12], buffer.data(), buffer.size());
    } else {
      inet_ntop(AF_INET6, &v6, buffer.data(), buffer.size());
    }
    return buffer.data();
  }
  return "unix";
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
