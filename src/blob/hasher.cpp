#include "blob/hasher.hpp"

namespace moorgate::blob {

Hasher::Hasher(oci::Algorithm algorithm) : algorithm_(algorithm) {
  if (algorithm == oci::Algorithm::sha512) hash_.emplace<crypto::Sha512>();
}

void Hasher::update(std::string_view bytes) {
  std::visit([bytes](auto& hash) { hash.update(bytes); }, hash_);
}

oci::Digest Hasher::finish() {
  const auto finish_any = [this](auto& hash) {
    const auto raw = hash.finish();
    return oci::Digest::from_raw(algorithm_, crypto::as_view(raw));
  };
  return std::visit(finish_any, hash_);
}

oci::Digest digest_of(oci::Algorithm algorithm, std::string_view bytes) {
  Hasher hasher(algorithm);
  hasher.update(bytes);
  return hasher.finish();
}

bool is_plausible_size(const oci::Digest& digest, std::uint64_t size) noexcept {
  constexpr std::string_view kEmptySha256 =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  constexpr std::string_view kEmptySha512 =
      "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
      "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";
  const bool empty_digest = digest.hex() == kEmptySha256 || digest.hex() == kEmptySha512;
  return (size == 0) == empty_digest;
}

std::unexpected<Error> digest_mismatch(const oci::Digest& expected, const oci::Digest& actual) {
  return failure(Code::digest_invalid, "the content has digest " + actual.text() + ", not " +
                                           expected.text() + " as announced");
}

}  // namespace moorgate::blob
