#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace moorgate::net {

/// A socket address: IPv4, IPv6 or a Unix path. Cheap to copy.
class Address {
 public:
  Address() = default;
  Address(const sockaddr* raw, socklen_t length);

  /// "127.0.0.1:5043", "[::1]:443", ":5043" (all of IPv6 and IPv4), "unix:/run/moorgate.sock".
  /// Numbers only, no name look-up.
  static Result<Address> parse(std::string_view text);

  /// An IP address alone: "192.0.2.7", "2001:db8::1"; nullopt on anything else.
  static std::optional<Address> from_ip(std::string_view text, std::uint16_t port = 0);
  /// Four bytes of IPv4 or sixteen of IPv6, in network order.
  static Address from_bytes(std::span<const std::uint8_t> ip, std::uint16_t port);
  /// No effect on a Unix path.
  void set_port(std::uint16_t port) noexcept;

  /// As parse() takes it; an accepted Unix peer is "unix".
  std::string text() const;
  /// Without the port: what a log line or a rule on addresses wants. A peer that nobody can name
  /// is "unknown".
  std::string host() const;
  /// The bytes of the IP address in network order: four, also for IPv4 that came by IPv6
  /// (::ffff:…), sixteen, or none.
  std::span<const std::uint8_t> ip() const noexcept;
  bool is_unix() const noexcept { return storage_.ss_family == AF_UNIX; }
  bool is_loopback() const noexcept;

  const sockaddr* raw() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t length() const noexcept { return length_; }
  int family() const noexcept { return storage_.ss_family; }

 private:
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

}  // namespace moorgate::net
