#include "auth/challenge.hpp"

#include <gtest/gtest.h>

namespace moorgate::auth {
namespace {

TEST(Challenge, QuotesTheRealm) {
  EXPECT_EQ(basic_challenge("registry.example.com"),
            R"(Basic realm="registry.example.com", charset="UTF-8")");
  EXPECT_EQ(basic_challenge(R"(a "b" \c)"), R"(Basic realm="a \"b\" \\c", charset="UTF-8")");
  EXPECT_EQ(basic_challenge("a\r\nSet-Cookie: x\x7f"),
            R"(Basic realm="aSet-Cookie: x", charset="UTF-8")");
}

}  // namespace
}  // namespace moorgate::auth
