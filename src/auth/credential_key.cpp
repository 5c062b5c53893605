#include "auth/credential_key.hpp"

#include <string>
#include <utility>

#include "base/secret.hpp"
#include "crypto/hmac.hpp"
#include "crypto/random.hpp"

namespace moorgate::auth {
namespace {

constexpr std::size_t kKeySize = 32;

const crypto::HmacSha256& hmac() {
  static const crypto::HmacSha256 keyed(Secret(crypto::random_bytes(kKeySize)).reveal());
  return keyed;
}

}  // namespace

CredentialKey credential_key(std::string_view text) {
  const auto digest = hmac()(text);
  CredentialKey key{};
  static_assert(sizeof digest == sizeof key);
  std::memcpy(key.data(), digest.data(), key.size());
  return key;
}

CredentialKey credential_key(std::string_view first, std::string_view second) {
  std::string joined;
  joined.reserve(24 + first.size() + second.size());
  joined.append(std::to_string(first.size())).append(":").append(first).append(second);
  return credential_key(Secret(std::move(joined)).reveal());
}

}  // namespace moorgate::auth
