#include "meta/digest_key.hpp"

#include <cstddef>

namespace moorgate::meta {
namespace {

// On disk: never renumbered.
constexpr char kSha256 = 1;
constexpr char kSha512 = 2;

constexpr std::size_t raw_size(char algorithm) {
  return algorithm == kSha256 ? 32 : 64;
}

/// A Digest holds lower-case hex only.
unsigned nibble(char c) {
  return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
}

}  // namespace

std::string digest_key(const oci::Digest& digest) {
  const std::string_view hex = digest.hex();
  std::string key(1, digest.algorithm() == oci::Algorithm::sha256 ? kSha256 : kSha512);
  key.reserve(1 + hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    key += static_cast<char>(nibble(hex[i]) << 4U | nibble(hex[i + 1]));
  }
  return key;
}

std::optional<oci::Digest> digest_from_key(std::string_view key) {
  if (key.empty() || (key[0] != kSha256 && key[0] != kSha512)) return std::nullopt;
  if (key.size() != 1 + raw_size(key[0])) return std::nullopt;
  const auto algorithm = key[0] == kSha256 ? oci::Algorithm::sha256 : oci::Algorithm::sha512;
  return oci::Digest::from_raw(algorithm, key.substr(1));
}

}  // namespace moorgate::meta
