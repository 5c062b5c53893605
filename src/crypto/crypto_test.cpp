#include <gtest/gtest.h>

#include "base/text.hpp"
#include "crypto/hmac.hpp"
#include "crypto/random.hpp"
#include "crypto/self_signed.hpp"
#include "crypto/sha2.hpp"

namespace moorgate::crypto {
namespace {

template <std::size_t Bytes>
std::string hex(const std::array<char, Bytes>& output) {
  return to_hex(as_view(output));
}

TEST(Sha2, GivesTheStandardsValues) {
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha512("abc")),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Sha2, PiecesAndClonesGiveTheWhole) {
  Sha256 hash;
  hash.update("ab");
  Sha256 copy = hash.clone();
  hash.update("c");
  copy.update("d");
  EXPECT_EQ(hash.finish(), sha256("abc"));
  EXPECT_EQ(copy.finish(), sha256("abd"));
  hash.update("abc");
  EXPECT_EQ(hash.finish(), sha256("abc")) << "finish() starts anew";
}

TEST(Hmac, GivesTheValuesOfRfc4231) {
  EXPECT_EQ(hex(HmacSha256(std::string(20, '\x0b'))("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(HmacSha256("Jefe")("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(HmacSha256(std::string(131, '\xaa'))(
                "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(ConstantTime, ComparesWholeTexts) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

TEST(Random, MakesUuidsAndPasswordsThatDiffer) {
  const std::string uuid = random_uuid();
  EXPECT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
  EXPECT_NE(uuid, random_uuid());
  EXPECT_EQ(random_password().size(), 20U);
  EXPECT_NE(random_password(), random_password());
}

TEST(SelfSigned, IsPemWithAPrivateKey) {
  const SelfSigned made = make_self_signed({"localhost", "127.0.0.1", "::1"});
  EXPECT_TRUE(made.certificate.starts_with("-----BEGIN CERTIFICATE-----"));
  EXPECT_TRUE(made.key.starts_with("-----BEGIN PRIVATE KEY-----"));
}

}  // namespace
}  // namespace moorgate::crypto
