#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace moorgate::auth {

/// HMAC-SHA256 of a credential under a key that is made at start and never leaves the process: it
/// stands for the credential in memory and can be neither reversed nor predicted.
using CredentialKey = std::array<unsigned char, 32>;

/// Of one text, such as a header's value. Any thread.
CredentialKey credential_key(std::string_view text);
/// Of two texts; ("ab", "c") and ("a", "bc") differ.
CredentialKey credential_key(std::string_view first, std::string_view second);

struct CredentialKeyHash {
  std::size_t operator()(const CredentialKey& key) const noexcept {
    std::size_t value = 0;  // The key is uniform already.
    std::memcpy(&value, key.data(), sizeof value);
    return value;
  }
};

}  // namespace moorgate::auth
