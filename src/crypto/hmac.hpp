#pragma once

#include <string_view>

#include "crypto/sha2.hpp"

namespace moorgate::crypto {

/// HMAC-SHA256 (RFC 2104) under one key, whose two key blocks are hashed once. Safe to call from
/// several threads: a call works on copies.
class HmacSha256 {
 public:
  explicit HmacSha256(std::string_view key);

  Sha256::Output operator()(std::string_view message) const;

 private:
  Sha256 inner_;
  Sha256 outer_;
};

/// Whether both are equal, in a time that depends on their lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace moorgate::crypto
