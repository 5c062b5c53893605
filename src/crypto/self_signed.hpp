#pragma once

#include <string>
#include <vector>

namespace moorgate::crypto {

struct SelfSigned {
  std::string certificate;  ///< PEM.
  std::string key;          ///< PEM; the caller keeps it private (mode 0600).
};

/// An ECDSA P-256 server certificate for `names` (DNS names and IP addresses), valid for 825 days.
/// Throws only where OpenSSL cannot work at all.
SelfSigned make_self_signed(const std::vector<std::string>& names);

}  // namespace moorgate::crypto
