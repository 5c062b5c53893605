#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "net/address.hpp"

namespace moorgate::net {

/// What a proxy said about a connection before the client's first byte: HAProxy's PROXY protocol
/// (proxy-protocol.txt), version 1 (text) or 2 (binary).
struct ProxyHeader {
  /// Bytes it takes; what follows is the client's.
  std::size_t length = 0;
  /// The client. nullopt: the proxy speaks for itself (LOCAL: a health check), the connection's
  /// own peer counts. Without a family: the proxy does not know or it is no IP address.
  std::optional<Address> source;
};

/// A version 1 line with its CR LF.
inline constexpr std::size_t kProxyLineLimit = 107;
/// A version 2 header with its extensions (TLVs), which are checked for form and passed over.
inline constexpr std::size_t kProxyHeaderLimit = 4096;

/// The header at the start of `bytes`, or nullopt while it may still become one. bad_request as
/// soon as it cannot: another first byte, an unknown version, command, family or protocol,
/// addresses that do not match the family, a length over the limit, extensions that do not add up.
Result<std::optional<ProxyHeader>> parse_proxy_header(std::string_view bytes);

}  // namespace moorgate::net
