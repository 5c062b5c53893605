#include "gateway/upload_ticket.hpp"

#include "base/text.hpp"

namespace moorgate::gateway {
namespace {

/// Half of an HMAC-SHA256 in base64url: 128 bits, which nobody guesses.
constexpr std::size_t kSealBytes = 16;
constexpr std::size_t kSealLength = 22;

/// The inverse of to_base64url().
std::optional<std::string> from_base64url(std::string_view text) {
  std::string standard(text);
  for (char& c : standard) {
    if (c == '+' || c == '/' || c == '=') return std::nullopt;
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  while (standard.size() % 4 != 0) standard += '=';
  return from_base64(standard);
}

}  // namespace

std::string UploadTickets::seal_of(const access::Permit& permit, std::string_view target) const {
  // Each part but the last with its length, so that no two of them can trade letters.
  std::string sealed;
  for (const std::string& part : {permit.principal(), permit.repository().text()}) {
    sealed += std::to_string(part.size()) + ':' + part;
  }
  sealed += target;
  const auto mac = seal_(sealed);
  return to_base64url(crypto::as_view(mac).substr(0, kSealBytes));
}

std::optional<std::string> UploadTickets::issue(const access::Permit& permit,
                                                std::string_view target) const {
  if (target.size() > kTargetLimit) return std::nullopt;
  return seal_of(permit, target) + to_base64url(target);
}

std::optional<std::string> UploadTickets::redeem(const access::Permit& permit,
                                                 std::string_view id) const {
  if (id.size() <= kSealLength || id.size() > kSealLength + kTargetLimit * 4 / 3 + 4) {
    return std::nullopt;
  }
  auto target = from_base64url(id.substr(kSealLength));
  if (!target) return std::nullopt;
  const std::string expected = seal_of(permit, *target);
  if (!crypto::equal_in_constant_time(expected, id.substr(0, kSealLength))) return std::nullopt;
  return target;
}

}  // namespace moorgate::gateway
