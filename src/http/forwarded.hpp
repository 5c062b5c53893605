#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "net/address.hpp"

namespace moorgate::http {

/// One end of a hop as a proxy wrote it.
struct ForwardedNode {
  /// None for "unknown" and for identifiers that hide the address ("_gateway").
  std::optional<net::Address> address;
  /// The address without its port, or the identifier.
  std::string text;
};

/// One proxy's element of a Forwarded header (RFC 7239 §4). Empty where it did not say.
struct ForwardedElement {
  std::optional<ForwardedNode> source;  ///< for=
  std::string scheme;                   ///< proto=
  std::string host;                     ///< host=
};

/// More elements than this are an attack, not a chain.
inline constexpr std::size_t kForwardedLimit = 64;

/// A node of X-Forwarded-For: an address, perhaps in brackets, perhaps with a port (1.2.3.4:5678,
/// [2001:db8::9]:443), "unknown", or nginx's "unix:". nullopt on anything else.
std::optional<ForwardedNode> parse_x_forwarded_node(std::string_view text);

/// All elements of one Forwarded header, left to right: the first is the farthest hop. bad_request
/// on what does not follow RFC 7239: IPv6 without brackets or quotes, a parameter twice, an
/// unfinished quoted string. Parameters other than for, proto, host and by are passed over.
Result<std::vector<ForwardedElement>> parse_forwarded(std::string_view value);

}  // namespace moorgate::http
