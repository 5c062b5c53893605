#include "base/text.hpp"

#include <gtest/gtest.h>

namespace moorgate {
namespace {

TEST(Base64, DecodesOnlyTheOneEncodingOfAValue) {
  EXPECT_EQ(from_base64("dXNlcjpwYXNz"), "user:pass");
  EXPECT_EQ(from_base64("Og=="), ":");
  EXPECT_EQ(from_base64(""), "");
  for (const char* bad :
       {"Og=", "Og", "O===", "Oh==", "dXN cjpwYXNz", "dXNlcjpw!XNz", "====", "Og==Og=="}) {
    EXPECT_EQ(from_base64(bad), std::nullopt) << bad;
  }
}

TEST(Base64, RoundTripsEveryLength) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    bytes += static_cast<char>(i * 7);
  }
  EXPECT_EQ(to_base64url("\xff\xfe\xfd!"), "__79IQ");
}

TEST(Decimal, TakesDigitsOnly) {
  EXPECT_EQ(parse_decimal("0"), 0U);
  EXPECT_EQ(parse_decimal("18446744073709551615"), 18446744073709551615U);
  for (const char* bad :
       {"", "+5", "-1", " 5", "5 ", "0x10", "18446744073709551616", "1e3", "5,5"}) {
    EXPECT_EQ(parse_decimal(bad), std::nullopt) << bad;
  }
}

TEST(PercentDecoding, RefusesBrokenEscapes) {
  EXPECT_EQ(percent_decode("a%2Fb%3a+"), "a/b:+");
  for (const char* bad : {"%", "%2", "%zz", "a%2"})
    EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
  EXPECT_EQ(percent_encode("a/b c~"), "a%2Fb%20c~");
}

struct GlobCase {
  const char* pattern;
  const char* text;
  bool matches;
};

TEST(Glob, StarStaysInAPartDoubleStarCrosses) {
  const GlobCase cases[] = {
      {"**", "a/b/c", true},
      {"**", "", true},
      {"*", "a", true},
      {"*", "a/b", false},
      {"team/*", "team/x", true},
      {"team/*", "team/x/y", false},
      {"team/**", "team/x/y", true},
      {"team/**", "team", false},
      {"ci-*", "ci-", true},
      {"a*b*c", "aXbYc", true},
      {"a*b*c", "aXb/Yc", false},
      {"**/x", "a/b/x", true},
      {"**/x/*", "a/x/b/x/c", true},
      {"a**z*y", "a/z/zy", true},
      {"", "", true},
      {"", "a", false},
      {"abc", "abd", false},
      {"*-prod", "team-prod", true},
      {"**a*b", "xa/ab", true},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(glob_match(c.pattern, c.text), c.matches) << c.pattern << " on " << c.text;
  }
}

TEST(Nearest, FindsTypingMistakesOnly) {
  const std::vector<std::string> known = {"certificate", "key", "listen", "storage"};
  EXPECT_EQ(nearest("certifcate", known), "certificate");
  EXPECT_EQ(nearest("storge", known), "storage");
  EXPECT_EQ(nearest("zzzzzz", known), std::nullopt);
}

TEST(Quoted, ShowsWhatCannotBePrinted) {
  EXPECT_EQ(quoted("a\n\"b\xff"), "\"a\\x0a\\\"b\\xff\"");
}

TEST(Time, PrintsUtc) {
  EXPECT_EQ(to_rfc3339(1787306400), "2026-08-21T10:00:00Z");
}

}  // namespace
}  // namespace moorgate
