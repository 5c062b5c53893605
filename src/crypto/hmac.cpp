#include "crypto/hmac.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>

namespace moorgate::crypto {
namespace {

constexpr std::size_t kBlock = 64;

}  // namespace

HmacSha256::HmacSha256(std::string_view key) {
  std::array<char, kBlock> block{};
  if (key.size() > kBlock) {
    const auto hashed = sha256(key);
    std::copy(hashed.begin(), hashed.end(), block.begin());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  std::array<char, kBlock> padded{};
  std::transform(block.begin(), block.end(), padded.begin(),
                 [](char c) { return static_cast<char>(c ^ 0x36); });
  inner_.update(as_view(padded));
  std::transform(block.begin(), block.end(), padded.begin(),
                 [](char c) { return static_cast<char>(c ^ 0x5c); });
  outer_.update(as_view(padded));
  OPENSSL_cleanse(block.data(), block.size());
  OPENSSL_cleanse(padded.data(), padded.size());
}

Sha256::Output HmacSha256::operator()(std::string_view message) const {
  Sha256 inner = inner_.clone();
  inner.update(message);
  const auto digest = inner.finish();
  Sha256 outer = outer_.clone();
  outer.update(as_view(digest));
  return outer.finish();
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace moorgate::crypto
