#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "config/reader.hpp"
#include "net/address.hpp"
#include "net/cidr.hpp"

namespace moorgate::http {

/// Whose word about the client is taken, and what they may say: the key `trusted_proxies`. Empty:
/// nobody's.
struct TrustedProxies {
  /// Which of the two families of headers the proxies write.
  enum class Headers : std::uint8_t { either, x_forwarded, forwarded };

  std::vector<net::Network> from;
  bool unsafe = false;
  Headers headers = Headers::either;
  /// The signed-in user, and the user's groups; empty: not taken over.
  std::string user_header;
  std::string groups_header;
  /// With a secret, a listed peer is believed only in requests that bring it.
  std::string secret_header;
  Secret secret;

  bool lists(const net::Address& peer) const noexcept { return net::any_contains(from, peer); }
  bool takes_over_users() const noexcept { return !user_header.empty(); }
  /// A network from which more than a few known machines may connect.
  bool has_wide_network() const noexcept;
  /// Every user of this machine is a listed peer.
  bool lists_loopback() const noexcept;
};

/// Refuses what would believe strangers: networks as wide as the Internet without `unsafe`, a user
/// header without a secret where that network or loopback is listed.
TrustedProxies parse_trusted_proxies(const config::Reader& in);

}  // namespace moorgate::http
