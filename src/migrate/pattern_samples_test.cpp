#include "migrate/pattern_samples.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "migrate/pattern.hpp"

namespace moorgate::migrate {
namespace {

constexpr std::size_t kLimit = 24;

TEST(PatternSamples, AreMatched) {
  for (const char* regex :
       {"^/v2/secret\\d/", "^/v2/[^/]+/(manifests|blobs|tags)/", "^/v2/(?<name>[a-z0-9]+)/",
        "^/v2/(team|prod)-?\\w+/x{3}$", "/manifests/v[0-9]+(\\.[0-9]+)*$", "(?:a|b(c|d)?)e",
        "[]x-]z", "^/.*/secret/", "[^a-z/]", "a??b*?c++"}) {
    const auto pattern = Pattern::compile(regex, Pattern::Case::sensitive);
    ASSERT_TRUE(pattern) << regex;
    const auto samples = samples_of(regex, kLimit);
    EXPECT_FALSE(samples.empty()) << regex;
    for (const auto& sample : samples) {
      EXPECT_TRUE(pattern->match(sample)->found) << regex << " by " << sample;
    }
  }
}

TEST(PatternSamples, HoldEveryAlternativeAndKindOfCharacter) {
  const auto samples = samples_of("^/v2/(a|b|c)[a-z0-9]/", kLimit);
  for (const char* wanted : {"/v2/aa/", "/v2/b", "/v2/c", "9/"}) {
    EXPECT_TRUE(std::ranges::any_of(samples, [&](const std::string& sample) {
      return sample.contains(wanted);
    })) << wanted;
  }
}

TEST(PatternSamples, OfWhatIsNoExpressionAreFewAndShort) {
  std::string nested;
  for (int i = 0; i < 2000; ++i) nested += '(';
  for (const std::string& regex :
       {nested, std::string("((((x{99}){99}){99}){99})"), std::string("a)b|"), std::string("[a"),
        std::string("(?<"), std::string("(){4294967295}^{4294967295}"), std::string("\\"),
        std::string("x{"), std::string("(?"), std::string("(.*.*.*.*.*.*.*.*)*(.*.*.*.*)*")}) {
    const auto samples = samples_of(regex, kLimit);
    EXPECT_LE(samples.size(), kLimit);
    for (const auto& sample : samples) EXPECT_LE(sample.size(), 200U);
  }
}

}  // namespace
}  // namespace moorgate::migrate
