#include "doctor/challenge.hpp"

#include <gtest/gtest.h>

namespace moorgate::doctor {
namespace {

TEST(Challenge, IsReadWithItsParameters) {
  const auto found = parse_challenges(
      R"(Bearer realm="https://x/token?a=\"b\"", service=reg,scope="repository:a:pull,push")");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].scheme, "bearer");
  EXPECT_EQ(found[0].realm, R"(https://x/token?a="b")");
  EXPECT_EQ(found[0].service, "reg");
  EXPECT_EQ(found[0].scope, "repository:a:pull,push");
}

TEST(Challenge, CountsSeveralInOneLine) {
  struct Case {
    const char* value;
    std::size_t count;
  };
  for (const auto& [value, count] :
       {Case{R"(Basic realm="a, b")", 1}, Case{"Negotiate", 1},
        Case{R"(Basic realm="a", Bearer realm="b")", 2}, Case{"Negotiate, NTLM, Basic realm=x", 3},
        Case{"", 0}, Case{"=x", 0}, Case{"realm=x", 0}, Case{R"(Basic realm="unended)", 1}}) {
    EXPECT_EQ(parse_challenges(value).size(), count) << value;
  }
}

TEST(Challenge, IsBounded) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "A, ";
  EXPECT_LE(parse_challenges(many).size(), 10U);
}

}  // namespace
}  // namespace moorgate::doctor
