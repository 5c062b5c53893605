#include "auth/login_throttle.hpp"

#include <gtest/gtest.h>

#include <string>

namespace moorgate::auth {
namespace {

using namespace std::chrono_literals;

constexpr LoginThrottle::Clock::time_point kStart{1000s};

class Throttle : public testing::Test {
 protected:
  bool admit(std::string_view user, const std::string& password, std::chrono::seconds after = 0s) {
    return !throttle_.admit(user, credential_key(user, password), kStart + after);
  }
  void exhaust(std::string_view user) {
    for (int i = 0; i < 100; ++i) admit(user, "guess" + std::to_string(i));
  }

  LoginThrottle throttle_{{.burst = 10, .per_second = 1, .users = 100}};
};

TEST_F(Throttle, LetsABurstThroughAndThenOnePerSecond) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(admit("alice", std::to_string(i))) << i;
  EXPECT_FALSE(admit("alice", "10"));
  const auto wait = throttle_.admit("alice", credential_key("alice", "x"), kStart);
  EXPECT_EQ(wait, 1s);
  EXPECT_TRUE(admit("alice", "11", 1s));
  EXPECT_FALSE(admit("alice", "12", 1s));
  EXPECT_TRUE(admit("bob", "x", 1s)) << "each user has a bucket of their own";
}

TEST_F(Throttle, CountsOneStalePasswordOnce) {
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(admit("alice", "stale", std::chrono::seconds(i / 10)));
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(admit("alice", std::to_string(i)));
}

TEST_F(Throttle, GuessingDoesNotLockOutWhoHasSignedInBefore) {
  ASSERT_TRUE(admit("alice", "right"));
  throttle_.succeeded("alice", credential_key("alice", "right"), kStart);
  exhaust("alice");
  EXPECT_FALSE(admit("alice", "another guess"));
  EXPECT_TRUE(admit("alice", "right"));
}

TEST_F(Throttle, ForgivesSuccessesButNoGuesses) {
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(admit("alice", std::to_string(i)));
  ASSERT_TRUE(admit("alice", "right"));
  // Signing in again and again earns nothing.
  for (int i = 0; i < 50; ++i) {
    throttle_.succeeded("alice", credential_key("alice", "right"), kStart);
  }
  EXPECT_TRUE(admit("alice", "one more"));
  EXPECT_FALSE(admit("alice", "two more"));
}

TEST_F(Throttle, RemembersABoundedNumberOfUsers) {
  exhaust("alice");
  for (int i = 0; i < 99; ++i) admit("user" + std::to_string(i), "x");
  EXPECT_FALSE(admit("alice", "still known")) << "used last, forgotten last";
  for (int i = 0; i < 100; ++i) admit("other" + std::to_string(i), "x");
  EXPECT_TRUE(admit("alice", "forgotten"));
}

}  // namespace
}  // namespace moorgate::auth
