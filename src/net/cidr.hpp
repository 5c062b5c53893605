#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "net/address.hpp"

namespace moorgate::net {

/// A network of IP addresses, or "unix:" for every peer on a Unix socket.
class Network {
 public:
  /// "10.0.0.0/8", "fd00::/8", a single address, or "unix:". Bits behind the prefix are a mistake
  /// (10.1.2.3/8), IPv4 written as IPv6 (::ffff:10.0.0.0/104) is IPv4.
  static Result<Network> parse(std::string_view text);

  /// IPv4 that arrived on an IPv6 socket counts as IPv4.
  bool contains(const Address& address) const noexcept;
  /// No list of machines somebody knows: wider than an IPv4 /8 or an IPv6 /7 (10.0.0.0/8 and
  /// fc00::/7 are the widest private networks).
  bool is_internet_wide() const noexcept;
  /// Whether programs of this machine can connect from an address in it by way of loopback.
  bool has_loopback() const noexcept;
  bool is_unix() const noexcept { return family_ == AF_UNIX; }
  int family() const noexcept { return family_; }
  unsigned prefix() const noexcept { return prefix_; }
  std::string text() const;

 private:
  int family_ = AF_UNSPEC;
  unsigned prefix_ = 0;
  /// In network order; the first four for IPv4.
  std::array<std::uint8_t, 16> bytes_{};
};

bool any_contains(const std::vector<Network>& networks, const Address& address) noexcept;

}  // namespace moorgate::net
