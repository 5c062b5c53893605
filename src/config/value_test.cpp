#include "config/value.hpp"

#include <gtest/gtest.h>

namespace moorgate::config {
namespace {

using std::chrono::milliseconds;

struct DurationCase {
  const char* text;
  std::optional<std::int64_t> ms;
};

TEST(Duration, NeedsAUnit) {
  const DurationCase cases[] = {
      {"0", 0},
      {"500ms", 500},
      {"30s", 30'000},
      {"5m", 300'000},
      {"168h", 604'800'000},
      {"7d", 604'800'000},
      {"1h30m", 5'400'000},
      {"1m0s", 60'000},
      {"", std::nullopt},
      {"30", std::nullopt},
      {"s", std::nullopt},
      {"-5s", std::nullopt},
      {"+5s", std::nullopt},
      {"5 s", std::nullopt},
      {"1.5h", std::nullopt},
      {"5sec", std::nullopt},
      {"5S", std::nullopt},
      {"30m1h", std::nullopt},
      {"1s1s", std::nullopt},
      {"1h30", std::nullopt},
      {"99999999999999999999s", std::nullopt},
      {"9223372036854775807d", std::nullopt},
      {"106751991167d9000000000000ms", std::nullopt},
  };
  for (const auto& c : cases) {
    const auto got = parse_duration(c.text);
    EXPECT_EQ(got ? std::optional(got->count()) : std::nullopt, c.ms) << c.text;
  }
}

TEST(Duration, PrintsWhatItReads) {
  for (const std::int64_t ms :
       {0L, 1L, 500L, 1'000L, 90'000L, 5'400'000L, 604'800'000L, 86'400'001L}) {
    EXPECT_EQ(parse_duration(print_duration(milliseconds(ms))), milliseconds(ms));
  }
  EXPECT_EQ(print_duration(milliseconds(5'400'000)), "1h30m");
  EXPECT_EQ(print_duration(milliseconds(30'000)), "30s");
}

struct SizeCase {
  const char* text;
  std::optional<std::uint64_t> bytes;
};

TEST(Size, KnowsBinaryAndDecimalUnits) {
  const SizeCase cases[] = {
      {"0", 0},
      {"512", 512},
      {"512B", 512},
      {"64KiB", 65'536},
      {"64 KiB", 65'536},
      {"4mib", 4U << 20},
      {"10GB", 10'000'000'000},
      {"8388607TiB", 8388607ULL << 40},
      {"8388608TiB", std::nullopt},
      {"", std::nullopt},
      {"4M", std::nullopt},
      {"-1", std::nullopt},
      {"1.5GiB", std::nullopt},
      {"KiB", std::nullopt},
      {"0x10", std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_size(c.text), c.bytes) << c.text;
}

TEST(Size, PrintsWhatItReads) {
  for (const std::uint64_t bytes : {0UL, 1UL, 1'000UL, 1'024UL, 1'536UL, 4UL << 20, 3UL << 40}) {
    EXPECT_EQ(parse_size(print_size(bytes)), bytes);
  }
  EXPECT_EQ(print_size(4U << 20), "4MiB");
}

TEST(Integer, TakesDigitsAndAMinus) {
  EXPECT_EQ(parse_integer("-12"), -12);
  EXPECT_EQ(parse_integer("9223372036854775807"), INT64_MAX);
  for (const char* bad : {"", "+1", "1.0", "0x1", "1_000", "9223372036854775808", "1 "}) {
    EXPECT_EQ(parse_integer(bad), std::nullopt) << bad;
  }
}

TEST(Bool, TakesTheWordsOfYaml) {
  for (const char* yes : {"true", "yes", "on", "On", "TRUE"}) EXPECT_EQ(parse_bool(yes), true);
  for (const char* no : {"false", "no", "off", "Off"}) EXPECT_EQ(parse_bool(no), false);
  for (const char* bad : {"", "1", "0", "y", "enabled"}) EXPECT_EQ(parse_bool(bad), std::nullopt);
}

}  // namespace
}  // namespace moorgate::config
