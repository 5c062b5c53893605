// Digests against the specification's expression, and through raw bytes and back.
#include "oci/digest.hpp"

#include <cstdint>
#include <cstdlib>
#include <regex>
#include <string>
#include <string_view>

namespace {

using namespace moorgate::oci;

void require(bool holds) {
  if (!holds) std::abort();
}

bool spec_allows(std::string_view text) {
  static const std::regex kDigest("sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}",
                                  std::regex::nosubs | std::regex::optimize);
  return text.size() < 200 && std::regex_match(text.begin(), text.end(), kDigest);
}

std::string from_hex(std::string_view hex) {
  std::string raw;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const std::string pair(hex.substr(i, 2));
    raw += static_cast<char>(std::strtoul(pair.c_str(), nullptr, 16));
  }
  return raw;
}

void check_text(std::string_view text) {
  const auto digest = Digest::parse(text);
  require(digest.has_value() == spec_allows(text));
  if (!digest) {
    require(digest.error().code == moorgate::Code::digest_invalid);
    return;
  }
  require(digest->text() == text);
  require(text.ends_with(digest->hex()));
  require(parse_algorithm(text.substr(0, text.find(':'))) == digest->algorithm());
  require(Digest::from_raw(digest->algorithm(), from_hex(digest->hex())) == *digest);
}

void check_raw(std::string_view raw) {
  if (raw.size() < 64) return;
  for (const Algorithm algorithm : {Algorithm::sha256, Algorithm::sha512}) {
    const std::size_t length = algorithm == Algorithm::sha256 ? 32 : 64;
    const Digest digest = Digest::from_raw(algorithm, raw.substr(0, length));
    require(Digest::parse(digest.text()) == digest);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_text(text);
  check_raw(text);
  return 0;
}
