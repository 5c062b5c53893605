#include "oci/byte_range.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace moorgate::oci {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

TEST(Range, IsClampedToTheContent) {
  struct Case {
    std::string_view header;
    std::uint64_t size;
    ByteRange range;
  };
  const Case kCases[] = {
      {"bytes=500-1499", 2048, {500, 1499}},
      {"bytes=500-", 2048, {500, 2047}},
      {"bytes=-500", 2048, {1548, 2047}},
      {"bytes=2000-5000", 2048, {2000, 2047}},
      {"bytes=0-0", 1, {0, 0}},
      {"bytes=-5000", 2048, {0, 2047}},
      {"BYTES=1-2", 10, {1, 2}},
      {" bytes= 1-2 ", 10, {1, 2}},
      {"bytes=0-99999999999999999999999999", 10, {0, 9}},
      {"bytes=-99999999999999999999999999", 10, {0, 9}},
      {"bytes=18446744073709551614-18446744073709551615", kMax, {kMax - 1, kMax - 1}},
  };
  for (const Case& c : kCases) {
    const auto range = parse_range(c.header, c.size);
    ASSERT_TRUE(range && *range) << c.header;
    EXPECT_EQ(**range, c.range) << c.header;
  }
}

TEST(Range, IsIgnoredWhereItMeansNothing) {
  const std::string_view kCases[] = {
      "",           "bytes",     "bytes=",        "bytes=-",     "bytes=a-b",
      "items=0-5",  "bytes=5",   "bytes=0-5,7-9", "bytes=0-5,",  "bytes=1 - 2",
      "bytes=+1-2", "bytes=--5", "bytes:0-1",     "bytes=1-2-3",
  };
  for (const auto header : kCases) {
    const auto range = parse_range(header, 100);
    ASSERT_TRUE(range) << header;
    EXPECT_FALSE(*range) << header;
  }
}

TEST(Range, OfAnEmptyContentIsIgnored) {
  for (const std::string_view header : {"bytes=0-", "bytes=0-0", "bytes=-1"}) {
    const auto range = parse_range(header, 0);
    ASSERT_TRUE(range) << header;
    EXPECT_FALSE(*range) << header;
  }
}

TEST(Range, OutsideTheContentIsRefused) {
  for (const std::string_view header : {"bytes=500-0", "bytes=5000-10000", "bytes=2048-",
                                        "bytes=-0", "bytes=99999999999999999999999999-"}) {
    const auto range = parse_range(header, 2048);
    ASSERT_FALSE(range) << header;
    EXPECT_EQ(range.error().code, Code::range_invalid) << header;
  }
}

TEST(ChunkRange, TakesTheSpecsFormAndWhatClientsAdd) {
  struct Case {
    std::string_view header;
    ByteRange range;
  };
  const Case kCases[] = {
      {"0-1023", {0, 1023}},    {"1024-1024", {1024, 1024}}, {"bytes 0-9", {0, 9}},
      {"bytes 0-9/10", {0, 9}}, {"0-9/*", {0, 9}},           {"bytes=0-9", {0, 9}},
  };
  for (const Case& c : kCases) {
    const auto range = parse_chunk_range(c.header);
    ASSERT_TRUE(range) << c.header;
    EXPECT_EQ(*range, c.range) << c.header;
  }
}

TEST(ChunkRange, RefusesTheRest) {
  for (const std::string_view header :
       {"", "-", "0-", "-5", "5-4", "a-b", "0-9/x", "0-9/", "0--1", "+0-9", "0 - 9", "items 0-9",
        "0-18446744073709551615", "0-18446744073709551616", "0-1,2-3"}) {
    const auto range = parse_chunk_range(header);
    ASSERT_FALSE(range) << header;
    EXPECT_EQ(range.error().code, Code::range_invalid) << header;
  }
}

}  // namespace
}  // namespace moorgate::oci
