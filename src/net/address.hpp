#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
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

  /// "127.0.0.1" or "::1" without brackets; nullopt for anything else.
  static std::optional<Address> from_ip(const std::string& ip, std::uint16_t port);
  /// No effect on a Unix path.
  void set_port(std::uint16_t port) noexcept;

  /// As parse() takes it; an accepted Unix peer is "unix".
  std::string text() const;
  /// Without the port: what a log line or a rule on addresses wants.
  std::string host() const;
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
