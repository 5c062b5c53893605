#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "crypto/sha2.hpp"
#include "oci/digest.hpp"

namespace moorgate::blob {

/// A digest in the making, of either algorithm.
class Hasher {
 public:
  explicit Hasher(oci::Algorithm algorithm);
  oci::Algorithm algorithm() const noexcept { return algorithm_; }
  void update(std::string_view bytes);
  /// The digest of what was given; the hasher starts anew.
  oci::Digest finish();

 private:
  oci::Algorithm algorithm_;
  std::variant<crypto::Sha256, crypto::Sha512> hash_;
};

/// The digest of bytes that are all in memory.
oci::Digest digest_of(oci::Algorithm algorithm, std::string_view bytes);

/// Whether content of `size` bytes can have this digest. Only emptiness can be told from a size:
/// an empty file under another digest is what a crash leaves behind.
bool is_plausible_size(const oci::Digest& digest, std::uint64_t size) noexcept;

/// digest_invalid, naming both.
std::unexpected<Error> digest_mismatch(const oci::Digest& expected, const oci::Digest& actual);

}  // namespace moorgate::blob
