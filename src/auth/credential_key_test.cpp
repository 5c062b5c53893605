#include "auth/credential_key.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/sha2.hpp"

namespace moorgate::auth {
namespace {

TEST(CredentialKey, TellsCredentialsApart) {
  EXPECT_EQ(credential_key("ab", "c"), credential_key("ab", "c"));
  EXPECT_NE(credential_key("ab", "c"), credential_key("a", "bc"));
  EXPECT_NE(credential_key("", "abc"), credential_key("abc", ""));
  EXPECT_NE(credential_key("1", "1:x"), credential_key("11:1", "x"));
  EXPECT_EQ(credential_key("abc"), credential_key("abc"));
  EXPECT_NE(credential_key("abc"), credential_key("abd"));
}

TEST(CredentialKey, IsNotABareHash) {
  const auto bare = crypto::sha256("abc");
  const auto keyed = credential_key("abc");
  EXPECT_FALSE(std::equal(keyed.begin(), keyed.end(), bare.begin()));
}

}  // namespace
}  // namespace moorgate::auth
