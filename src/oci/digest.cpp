#include "oci/digest.hpp"

#include <algorithm>
#include <cassert>

#include "base/text.hpp"

namespace moorgate::oci {
namespace {

std::size_t hex_length(Algorithm algorithm) noexcept {
  return algorithm == Algorithm::sha256 ? 64 : 128;
}

bool is_lower_hex(std::string_view text) noexcept {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::string_view to_string(Algorithm algorithm) noexcept {
  return algorithm == Algorithm::sha256 ? "sha256" : "sha512";
}

Result<Algorithm> parse_algorithm(std::string_view text) {
  for (const Algorithm known : {Algorithm::sha256, Algorithm::sha512}) {
    if (text == to_string(known)) return known;
  }
  return failure(Code::digest_invalid, "digest algorithm " + quoted(text, 40) +
                                           " is not supported; sha256 and sha512 are");
}

Result<Digest> Digest::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return failure(Code::digest_invalid,
                   "digest " + quoted(text) + " is not of the form algorithm:hex");
  }
  auto algorithm = parse_algorithm(text.substr(0, colon));
  if (!algorithm) return failure(std::move(algorithm).error());
  const std::string_view hex = text.substr(colon + 1);
  if (hex.size() != hex_length(*algorithm) || !is_lower_hex(hex)) {
    return failure(Code::digest_invalid, "digest " + quoted(text, 160) + " must have " +
                                             std::to_string(hex_length(*algorithm)) +
                                             " lower-case hexadecimal digits after the colon");
  }
  return Digest(*algorithm, std::string(text));
}

Digest Digest::from_raw(Algorithm algorithm, std::string_view raw) {
  assert(raw.size() * 2 == hex_length(algorithm));
  std::string text(to_string(algorithm));
  return Digest(algorithm, text.append(":").append(to_hex(raw)));
}

}  // namespace moorgate::oci
