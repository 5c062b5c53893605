#include "auth/cached_authenticator.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "base/text.hpp"
#include "net/blocking.hpp"

namespace moorgate::auth {
namespace {

using namespace std::chrono_literals;

/// Knows alice; keeps a diary of what it was asked.
class FakeAuthenticator final : public Authenticator {
 public:
  Task<Result<Principal>> authenticate(Credentials credentials) override {
    calls.push_back(credentials.user() + ":" + std::string(credentials.password().reveal()));
    if (meanwhile) meanwhile();
    if (down) co_return failure(Code::unavailable, "down");
    if (credentials.user() == "alice" && credentials.password().reveal() == "right") {
      co_return Principal("alice", "fake");
    }
    co_return failure(wrong_credentials());
  }
  std::uint64_t generation() const noexcept override { return version; }

  std::vector<std::string> calls;
  std::function<void()> meanwhile;
  bool down = false;
  std::uint64_t version = 1;
};

CachedAuthenticator::Clock::time_point test_time;
CachedAuthenticator::Clock::time_point read_test_time() noexcept {
  return test_time;
}

std::string basic(std::string_view pair) {
  return "Basic " + to_base64(pair);
}
const std::string kRight = basic("alice:right");
const std::string kWrong = basic("alice:wrong");

class CachedAuthenticatorTest : public testing::Test {
 protected:
  CachedAuthenticatorTest() { test_time = CachedAuthenticator::Clock::time_point(1000s); }

  Result<std::shared_ptr<const Principal>> authenticate(std::string_view header) {
    Result<std::shared_ptr<const Principal>> answer;
    boost::asio::io_context loop(1);
    boost::asio::co_spawn(
        loop, authenticator_.authenticate(header),
        [&](const std::exception_ptr& error, Result<std::shared_ptr<const Principal>> result) {
          if (error) std::rethrow_exception(error);
          answer = std::move(result);
        });
    loop.run();
    return answer;
  }
  Code refusal(std::string_view header) {
    const auto answer = authenticate(header);
    return answer ? Code::internal : answer.error().code;
  }
  std::size_t asked() const { return source_->calls.size(); }

  std::shared_ptr<FakeAuthenticator> source_ = std::make_shared<FakeAuthenticator>();
  CachedAuthenticator authenticator_{
      source_, std::make_shared<LoginThrottle>(LoginThrottle::Options{}), {}, &read_test_time};
};

TEST_F(CachedAuthenticatorTest, NothingIsAnonymousWithoutAsking) {
  EXPECT_TRUE(authenticator_.cached("")->anonymous());
  EXPECT_TRUE(authenticate("").value()->anonymous());
  EXPECT_TRUE(authenticate("Basic Og==").value()->anonymous());
  EXPECT_EQ(asked(), 0U);
}

TEST_F(CachedAuthenticatorTest, BrokenHeadersAreRefusedWithoutAsking) {
  const std::string broken[] = {"Bearer x", "Basic !", basic("alice:"), basic("alice\n:x")};
  for (const auto& header : broken) {
    EXPECT_EQ(authenticator_.cached(header), nullptr);
    EXPECT_EQ(refusal(header), Code::unauthorized) << header;
  }
  EXPECT_EQ(asked(), 0U);
}

TEST_F(CachedAuthenticatorTest, AsksOnceForARightPassword) {
  EXPECT_EQ(authenticator_.cached(kRight), nullptr);
  EXPECT_EQ(authenticate(kRight).value()->name(), "alice");
  EXPECT_EQ(authenticator_.cached(kRight)->name(), "alice");
  EXPECT_EQ(authenticate(kRight).value()->name(), "alice");
  EXPECT_EQ(asked(), 1U);
  test_time += 301s;
  EXPECT_EQ(authenticator_.cached(kRight), nullptr);
  EXPECT_TRUE(authenticate(kRight));
  EXPECT_EQ(asked(), 2U);
}

TEST_F(CachedAuthenticatorTest, AsksOnceForAWrongOneAndStillTakesTheRightOne) {
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(authenticator_.cached(kWrong), nullptr);
    EXPECT_EQ(refusal(kWrong), Code::unauthorized);
  }
  EXPECT_EQ(asked(), 1U);
  EXPECT_TRUE(authenticate(kRight));
}

TEST_F(CachedAuthenticatorTest, ASimilarHeaderIsAnotherCredential) {
  EXPECT_TRUE(authenticate(kRight));
  const std::string others[] = {basic("alice:right "), basic("Alice:right"), basic("alic:eright"),
                                kRight + " ", "basic" + kRight.substr(5)};
  for (const auto& other : others) EXPECT_EQ(authenticator_.cached(other), nullptr) << other;
  EXPECT_FALSE(authenticate(others[0]));
  EXPECT_FALSE(authenticate(others[1]));
}

TEST_F(CachedAuthenticatorTest, AChangeOfUsersIsSeenAtOnce) {
  EXPECT_TRUE(authenticate(kRight));
  ++source_->version;
  EXPECT_EQ(authenticator_.cached(kRight), nullptr);
  EXPECT_TRUE(authenticate(kRight));
  EXPECT_EQ(asked(), 2U);
}

TEST_F(CachedAuthenticatorTest, AnAnswerOlderThanTheUsersIsNotKept) {
  source_->meanwhile = [this] { ++source_->version; };
  EXPECT_TRUE(authenticate(kRight));
  EXPECT_EQ(authenticator_.cached(kRight), nullptr);
}

TEST_F(CachedAuthenticatorTest, ReplacementForgetsAndIgnoresTheOldAuthenticatorsAnswers) {
  EXPECT_TRUE(authenticate(kRight));
  auto other = std::make_shared<FakeAuthenticator>();
  source_->version = 7;
  source_->meanwhile = [&] { authenticator_.replace(other); };
  EXPECT_TRUE(authenticate(kRight));
  EXPECT_EQ(authenticator_.cached(kRight), nullptr);
  EXPECT_TRUE(authenticate(kRight));
  EXPECT_EQ(other->calls.size(), 1U);
  EXPECT_NE(authenticator_.cached(kRight), nullptr) << "a lower generation of another source";
}

TEST_F(CachedAuthenticatorTest, AnOutageIsNotRemembered) {
  source_->down = true;
  EXPECT_EQ(refusal(kRight), Code::unavailable);
  source_->down = false;
  EXPECT_TRUE(authenticate(kRight));
}

TEST_F(CachedAuthenticatorTest, GuessingIsSlowedDownButNotWhoIsSignedIn) {
  EXPECT_TRUE(authenticate(kRight));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(refusal(basic("alice:guess" + std::to_string(i))), Code::unauthorized);
  }
  EXPECT_EQ(refusal(basic("alice:guess10")), Code::too_many_requests);
  EXPECT_EQ(refusal(basic("alice:guess3")), Code::unauthorized) << "known to be wrong";
  EXPECT_NE(authenticator_.cached(kRight), nullptr);
  EXPECT_EQ(asked(), 11U);
  ++source_->version;
  EXPECT_TRUE(authenticate(kRight)) << "right before, so not a guess";
}

TEST_F(CachedAuthenticatorTest, SpellingTheHeaderAnewIsNoWayAroundTheThrottle) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(refusal(basic("alice:guess" + std::to_string(i))), Code::unauthorized);
  }
  EXPECT_EQ(refusal("basic  " + to_base64("alice:guess10")), Code::too_many_requests);
  EXPECT_EQ(refusal("BASIC " + to_base64("alice:guess10")), Code::too_many_requests);
}

TEST_F(CachedAuthenticatorTest, AConnectionRemembersWhoSignedInLast) {
  std::unique_ptr<http::ConnectionMemo> memo;
  EXPECT_EQ(authenticator_.cached(kRight, memo), nullptr);
  EXPECT_EQ(memo, nullptr) << "only what was verified is remembered";
  ASSERT_TRUE(authenticate(kRight));
  EXPECT_EQ(authenticator_.cached(kRight, memo)->name(), "alice");
  ASSERT_NE(memo, nullptr);
  EXPECT_EQ(authenticator_.cached(kRight, memo)->name(), "alice");
  EXPECT_TRUE(authenticator_.cached("", memo)->anonymous()) << "another header, another answer";
  EXPECT_EQ(authenticator_.cached(kWrong, memo), nullptr);
}

TEST_F(CachedAuthenticatorTest, AConnectionForgetsWhenUsersChange) {
  std::unique_ptr<http::ConnectionMemo> memo;
  ASSERT_TRUE(authenticate(kRight));
  ASSERT_NE(authenticator_.cached(kRight, memo), nullptr);
  ++source_->version;
  EXPECT_EQ(authenticator_.cached(kRight, memo), nullptr) << "the file changed";

  ASSERT_TRUE(authenticate(kRight));
  ASSERT_NE(authenticator_.cached(kRight, memo), nullptr);
  authenticator_.replace(source_);
  EXPECT_EQ(authenticator_.cached(kRight, memo), nullptr) << "the configuration changed";

  ASSERT_TRUE(authenticate(kRight));
  ASSERT_NE(authenticator_.cached(kRight, memo), nullptr);
  test_time += 301s;
  EXPECT_EQ(authenticator_.cached(kRight, memo), nullptr) << "it was long ago";
}

}  // namespace
}  // namespace moorgate::auth
