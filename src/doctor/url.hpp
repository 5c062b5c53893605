#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace moorgate::doctor {

/// Where a client's connection ends: equal origins are one server to a client.
struct Origin {
  std::string scheme;  ///< "http" or "https"
  std::string host;    ///< lower case; an IPv6 address keeps its brackets
  std::uint16_t port = 0;

  bool operator==(const Origin&) const = default;
  bool is_tls() const noexcept { return scheme == "https"; }
  /// A name or an address of this machine, where a password may be sent without TLS.
  bool is_loopback() const noexcept;
  bool has_default_port() const noexcept { return port == (is_tls() ? 443 : 80); }
  /// As it stands in an address: the scheme's own port is left out.
  std::string text() const;
};

/// An http or https address (RFC 3986). Names no user: those are refused, a password belongs on
/// standard input.
class Url {
 public:
  /// "registry.example.com" alone is taken for https.
  static Result<Url> parse(std::string_view text);

  const Origin& origin() const noexcept { return origin_; }
  /// Path and query; never empty.
  const std::string& target() const noexcept { return target_; }
  std::string text() const { return origin_.text() + target_; }

  /// What `reference` of an answer from this address points to (RFC 3986 §5.2 without dot
  /// segments).
  Result<Url> resolve(std::string_view reference) const;
  Url at(std::string target) const;
  Url at_port(std::string scheme, std::uint16_t port) const;

 private:
  Origin origin_;
  std::string target_;
};

}  // namespace moorgate::doctor
