#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/permit.hpp"
#include "crypto/hmac.hpp"

namespace moorgate::gateway {

/// The id under which a client sees an upload session of the upstream: where the session is there,
/// with a seal that holds for one repository and one principal. So the session's URL alone is no
/// credential, and nothing of it has to be remembered here. Any thread.
class UploadTickets {
 public:
  /// The longest place of a session that is handed on, in bytes.
  static constexpr std::size_t kTargetLimit = 6 << 10;

  /// Gateways that stand side by side need the same `key`.
  explicit UploadTickets(std::string_view key) : seal_(key) {}

  /// `target` is the session's path and query at the upstream. Nothing if it is too long.
  std::optional<std::string> issue(const access::Permit& permit, std::string_view target) const;

  /// The target, or nothing unless `id` was issued for the same principal and repository.
  std::optional<std::string> redeem(const access::Permit& permit, std::string_view id) const;

 private:
  std::string seal_of(const access::Permit& permit, std::string_view target) const;

  crypto::HmacSha256 seal_;
};

}  // namespace moorgate::gateway
