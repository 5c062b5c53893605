#include "crypto/sha2.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.hpp"

namespace moorgate::crypto {
namespace {

struct Vector {
  std::string message;
  const char* sha256;
  const char* sha512;
};

/// FIPS 180-2, appendices B and C.
std::vector<Vector> nist_vectors() {
  return {
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
       "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c335"
       "96fd15c13b1b07f9aa1d3bea57789ca031ad85c7a71dd70354ec631238ca3445"},
      {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
       "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
       "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
       "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
       "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"},
      {std::string(1'000'000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
       "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
       "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"},
  };
}

TEST(Sha2, GivesTheValuesOfFips180) {
  for (const auto& vector : nist_vectors()) {
    EXPECT_EQ(to_hex(as_view(sha256(vector.message))), vector.sha256);
    EXPECT_EQ(to_hex(as_view(sha512(vector.message))), vector.sha512);
  }
}

TEST(Sha2, DoesNotCareHowTheInputIsCut) {
  const std::string message(1000, 'x');
  for (const std::size_t size : {1UL, 63UL, 64UL, 65UL, 127UL, 128UL, 999UL}) {
    Sha256 small;
    Sha512 large;
    for (std::size_t at = 0; at < message.size(); at += size) {
      const auto piece = std::string_view(message).substr(at, size);
      small.update(piece);
      large.update(piece);
    }
    EXPECT_EQ(small.finish(), sha256(message)) << size;
    EXPECT_EQ(large.finish(), sha512(message)) << size;
  }
}

}  // namespace
}  // namespace moorgate::crypto
