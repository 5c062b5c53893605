#include "auth/verified_credential_cache.hpp"

#include <gtest/gtest.h>

#include <string>

namespace moorgate::auth {
namespace {

using namespace std::chrono_literals;
using State = VerifiedCredentialCache::State;

constexpr VerifiedCredentialCache::Clock::time_point kStart{1000s};

class Cache : public testing::Test {
 protected:
  State find(std::string_view text, std::chrono::seconds after = 0s, std::uint64_t generation = 1) {
    return cache_.find(credential_key(text), generation, kStart + after).state;
  }
  void accept(std::string_view text, std::uint64_t generation = 1) {
    cache_.accept(credential_key(text), std::make_shared<Principal>(std::string(text), "test"),
                  generation, kStart);
  }
  void refuse(std::string_view text, std::uint64_t generation = 1) {
    cache_.refuse(credential_key(text), generation, kStart);
  }

  VerifiedCredentialCache cache_{{.entries = 3, .accepted_for = 300s, .refused_for = 30s}};
};

TEST_F(Cache, RemembersBothKindsForTheirTime) {
  EXPECT_EQ(find("good"), State::unknown);
  accept("good");
  refuse("bad");
  EXPECT_EQ(cache_.find(credential_key("good"), 1, kStart).principal->name(), "good");
  EXPECT_EQ(find("good", 299s), State::accepted);
  EXPECT_EQ(find("bad", 29s), State::refused);
  EXPECT_EQ(find("bad", 30s), State::unknown);
  EXPECT_EQ(find("good", 300s), State::unknown);
  EXPECT_EQ(cache_.size(), 0U) << "what has expired is gone";
}

TEST_F(Cache, RefusalsDoNotEvictTheAccepted) {
  accept("good");
  for (int i = 0; i < 100; ++i) refuse("bad" + std::to_string(i));
  EXPECT_EQ(find("good"), State::accepted);
  EXPECT_EQ(cache_.size(), 4U);
}

TEST_F(Cache, ForgetsTheLeastRecentlyUsed) {
  for (const char* name : {"a", "b", "c"}) accept(name);
  EXPECT_EQ(find("a"), State::accepted);
  accept("d");
  EXPECT_EQ(find("b"), State::unknown);
  for (const char* name : {"a", "c", "d"}) EXPECT_EQ(find(name), State::accepted) << name;
}

TEST_F(Cache, ANewGenerationForgetsEverything) {
  accept("good");
  refuse("bad");
  EXPECT_EQ(find("good", 0s, 2), State::unknown);
  EXPECT_EQ(find("bad", 0s, 2), State::unknown);
}

TEST_F(Cache, AnAnswerOvertakenByAReloadIsNotKept) {
  EXPECT_EQ(find("good", 0s, 2), State::unknown);
  accept("good", 1);
  EXPECT_EQ(find("good", 0s, 2), State::unknown);
  EXPECT_EQ(find("good", 0s, 1), State::unknown) << "nor does the old generation come back";
}

TEST_F(Cache, TheLastAnswerCounts) {
  refuse("x");
  accept("x");
  EXPECT_EQ(find("x"), State::accepted);
}

TEST_F(Cache, MayHaveNoRoomAtAll) {
  VerifiedCredentialCache none({.entries = 0});
  none.accept(credential_key("x"), std::make_shared<Principal>("x", "test"), 1, kStart);
  EXPECT_EQ(none.find(credential_key("x"), 1, kStart).state, State::unknown);
}

}  // namespace
}  // namespace moorgate::auth
