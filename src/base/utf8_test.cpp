#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace moorgate {
namespace {

TEST(Utf8, MeasuresTheFirstCharacter) {
  EXPECT_EQ(utf8_length("a"), 1U);
  EXPECT_EQ(utf8_length("é!"), 2U);
  EXPECT_EQ(utf8_length("€!"), 3U);
  EXPECT_EQ(utf8_length("\xf0\x9f\x90\xb3"), 4U);
  EXPECT_EQ(utf8_length(""), 0U);
}

TEST(Utf8, RefusesWhatNoCharacterIs) {
  for (const char* bad :
       {"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "\xf0\x9f\x90"}) {
    EXPECT_EQ(utf8_length(bad), 0U);
    EXPECT_EQ(find_invalid_utf8(std::string("añb") + bad), 4U);
  }
  EXPECT_EQ(find_invalid_utf8("Grüße 🐳"), std::string_view::npos);
}

}  // namespace
}  // namespace moorgate
