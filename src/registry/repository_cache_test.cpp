#include "registry/repository_cache.hpp"

#include <gtest/gtest.h>

#include <string>

namespace moorgate::registry {
namespace {

TEST(RepositoryCache, KnowsARepositoryAndANameOnlyTogether) {
  RepositoryCache<int> cache(10);
  cache.put("a", "bc", 1, 7, 1);
  ASSERT_NE(cache.find("a", "bc", 1), nullptr);
  EXPECT_EQ(*cache.find("a", "bc", 1), 7);
  EXPECT_EQ(cache.find("ab", "c", 1), nullptr);
  EXPECT_EQ(cache.find("a", "b", 1), nullptr);
}

TEST(RepositoryCache, GivesOnlyWhatIsOfTheVersionAskedFor) {
  RepositoryCache<int> cache(10);
  cache.put("a", "b", 1, 7, 1);
  EXPECT_EQ(cache.find("a", "b", 2), nullptr);
  ASSERT_NE(cache.find_outdated("a", "b"), nullptr);
  cache.put("a", "b", 2, 8, 1);
  EXPECT_EQ(*cache.find("a", "b", 2), 8);
  EXPECT_EQ(cache.used(), 1U);
}

TEST(RepositoryCache, DropsWhatWasNotUsedForLongest) {
  RepositoryCache<int> cache(10);
  for (int i = 0; i < 5; ++i) cache.put("r", std::to_string(i), 1, i, 2);
  EXPECT_NE(cache.find("r", "0", 1), nullptr);
  cache.put("r", "5", 1, 5, 4);
  EXPECT_NE(cache.find("r", "0", 1), nullptr);
  EXPECT_EQ(cache.find("r", "1", 1), nullptr);
  EXPECT_EQ(cache.find("r", "2", 1), nullptr);
  EXPECT_NE(cache.find("r", "3", 1), nullptr);
  EXPECT_EQ(cache.used(), 10U);
}

TEST(RepositoryCache, DoesNotTakeWhatIsTooLarge) {
  RepositoryCache<int> cache(10);
  cache.put("r", "small", 1, 1, 1);
  cache.put("r", "large", 1, 1, 11);
  EXPECT_EQ(cache.find("r", "large", 1), nullptr);
  EXPECT_NE(cache.find("r", "small", 1), nullptr);
}

TEST(RepositoryCache, ForgetsWhatIsErased) {
  RepositoryCache<int> cache(10);
  cache.put("r", "a", 1, 1, 1);
  cache.erase("r", "a");
  cache.erase("r", "a");
  EXPECT_EQ(cache.find_outdated("r", "a"), nullptr);
  EXPECT_EQ(cache.used(), 0U);
}

}  // namespace
}  // namespace moorgate::registry
