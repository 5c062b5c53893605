#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace moorgate::oci {

enum class Algorithm : std::uint8_t { sha256, sha512 };

std::string_view to_string(Algorithm algorithm) noexcept;
/// "sha256" or "sha512"; digest_invalid names what is supported.
Result<Algorithm> parse_algorithm(std::string_view text);

/// A content digest, `algorithm:hex`, of an algorithm this registry can verify (OCI image spec,
/// descriptor.md#digests). Lower-case hex of exactly the algorithm's length; nothing else parses.
class Digest {
 public:
  static Result<Digest> parse(std::string_view text);
  /// `raw` is the hash function's output: 32 or 64 bytes.
  static Digest from_raw(Algorithm algorithm, std::string_view raw);

  Algorithm algorithm() const noexcept { return algorithm_; }
  std::string_view hex() const noexcept {
    return std::string_view(text_).substr(to_string(algorithm_).size() + 1);
  }
  const std::string& text() const noexcept { return text_; }

  auto operator<=>(const Digest&) const = default;

 private:
  Digest(Algorithm algorithm, std::string text) : algorithm_(algorithm), text_(std::move(text)) {}
  Algorithm algorithm_;
  std::string text_;
};

}  // namespace moorgate::oci

template <>
struct std::hash<moorgate::oci::Digest> {
  std::size_t operator()(const moorgate::oci::Digest& digest) const noexcept {
    return std::hash<std::string_view>{}(digest.text());
  }
};
