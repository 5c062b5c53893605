#include "oci/digest.hpp"

#include <gtest/gtest.h>

#include <unordered_set>

namespace moorgate::oci {
namespace {

const std::string kHex64(64, 'a');
const std::string kHex128(128, '0');

TEST(Digest, ParsesWhatItPrints) {
  for (const std::string& text : {"sha256:" + kHex64, "sha512:" + kHex128}) {
    const auto digest = Digest::parse(text);
    ASSERT_TRUE(digest) << text;
    EXPECT_EQ(digest->text(), text);
    EXPECT_EQ(digest->hex(), text.substr(7));
    EXPECT_EQ(to_string(digest->algorithm()), text.substr(0, 6));
  }
}

TEST(Digest, RefusesEverythingElse) {
  const std::string kBad[] = {
      "",
      ":",
      "sha256",
      "sha256:",
      "sha256:baddigeststring",
      "sha256:" + kHex64 + "a",
      "sha256:" + kHex64.substr(1),
      "sha256:" + kHex128,
      "sha512:" + kHex64,
      "SHA256:" + kHex64,
      "sha256:" + std::string(64, 'A'),
      "sha256:" + std::string(64, 'g'),
      "sha256: " + kHex64.substr(1),
      "sha256:" + kHex64.substr(1) + std::string(1, '\0'),
      "sha256:" + kHex64.substr(2) + "/.",
      "sha384:" + std::string(96, 'a'),
      "md5:" + std::string(32, 'a'),
      "sha256+b64:" + kHex64,
  };
  for (const std::string& text : kBad) {
    const auto digest = Digest::parse(text);
    ASSERT_FALSE(digest) << text;
    EXPECT_EQ(digest.error().code, Code::digest_invalid) << text;
    EXPECT_FALSE(digest.error().message.empty()) << text;
  }
}

TEST(Digest, IsMadeOfRawBytes) {
  const auto digest = Digest::from_raw(Algorithm::sha256, std::string(31, '\x01') + '\xff');
  EXPECT_EQ(digest, Digest::parse(digest.text()));
  EXPECT_TRUE(digest.hex().starts_with("0101"));
  EXPECT_TRUE(digest.hex().ends_with("01ff"));
}

TEST(Digest, WorksAsAKey) {
  const std::unordered_set<Digest> set = {*Digest::parse("sha256:" + kHex64),
                                          *Digest::parse("sha512:" + kHex128),
                                          *Digest::parse("sha256:" + kHex64)};
  EXPECT_EQ(set.size(), 2U);
}

TEST(Algorithm, NamesWhatIsSupported) {
  EXPECT_EQ(parse_algorithm("sha512"), Algorithm::sha512);
  const auto other = parse_algorithm("blake3");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::digest_invalid);
  EXPECT_NE(other.error().message.find("sha256 and sha512"), std::string::npos);
}

}  // namespace
}  // namespace moorgate::oci
