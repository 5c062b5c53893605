#include "auth/htpasswd_authenticator.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "auth/users.hpp"
#include "config/problem.hpp"

namespace moorgate::auth {
namespace {

const std::string kAlice = "alice:" + make_bcrypt("right", 4).value() + "\n";
const std::string kBob = "bob:" + make_bcrypt("builder", 4).value() + "\n";
const std::string kAliceAgain = "alice:" + make_bcrypt("renewed", 4).value() + "\n";
const std::string kDan = "dan:G21ASs5tEVkdQ\n";

std::shared_ptr<const HtpasswdTable> table(const std::string& text) {
  return parse_htpasswd(text, "users").table;
}

/// Runs one task to its end on a loop of its own.
template <class T>
T run(Task<T> task) {
  boost::asio::io_context loop(1);
  std::optional<T> answer;
  boost::asio::co_spawn(loop, std::move(task), [&](const std::exception_ptr& error, T result) {
    if (error) std::rethrow_exception(error);
    answer = std::move(result);
  });
  loop.run();
  return std::move(*answer);
}

/// "alice", "wrong", "unknown" or "unavailable".
std::string verdict(UserSource& source, std::string user, std::string password) {
  const Credentials credentials(std::move(user), Secret(std::move(password)));
  auto answer = run(source.verify(credentials));
  if (!answer) return answer.error().code == Code::unauthorized ? "wrong" : "unavailable";
  return *answer ? (*answer)->name() : "unknown";
}

TEST(HtpasswdAuthenticator, TellsRightFromWrongFromUnknown) {
  net::Blocking pool("passwords", 1, 16);
  HtpasswdAuthenticator source(table(kAlice + kDan), pool);
  EXPECT_EQ(verdict(source, "alice", "right"), "alice");
  EXPECT_EQ(verdict(source, "alice", "Right"), "wrong");
  EXPECT_EQ(verdict(source, "alice", ""), "wrong");
  EXPECT_EQ(verdict(source, "Alice", "right"), "unknown");
  EXPECT_EQ(verdict(source, "bob", "right"), "unknown");
  EXPECT_EQ(verdict(source, "dan", "short"), "wrong") << "known, with a hash that is not accepted";
}

TEST(HtpasswdAuthenticator, FollowsItsTable) {
  net::Blocking pool("passwords", 1, 16);
  HtpasswdAuthenticator source(table(kAlice), pool);
  const auto before = source.generation();
  source.replace(table(kAliceAgain + kBob));
  EXPECT_NE(source.generation(), before);
  EXPECT_EQ(verdict(source, "alice", "right"), "wrong");
  EXPECT_EQ(verdict(source, "alice", "renewed"), "alice");
  EXPECT_EQ(verdict(source, "bob", "builder"), "bob");
}

TEST(HtpasswdAuthenticator, IsUnavailableWhenTheQueueIsFull) {
  net::Blocking pool("passwords", 1, 1);
  HtpasswdAuthenticator source(table(kAlice), pool);
  std::latch busy(1);
  std::promise<void> release;
  ASSERT_TRUE(pool.post([&] {
    busy.count_down();
    release.get_future().wait();
  }));
  busy.wait();
  ASSERT_TRUE(pool.post([] {}));
  EXPECT_EQ(verdict(source, "alice", "right"), "unavailable");
  const Credentials nobody("nobody", Secret("x"));
  EXPECT_EQ(run(source.pretend(nobody)).error().code, Code::unavailable);
  release.set_value();
}

/// Two workers ask for the same thing while the pool is held up.
TEST(SharedVerifications, RunOncePerCredentialOverAllWorkers) {
  net::Blocking pool("passwords", 1, 16);
  SharedVerifications verifications(pool);
  std::promise<void> release;
  ASSERT_TRUE(pool.post([&] { release.get_future().wait(); }));

  std::atomic<int> verified = 0;
  std::atomic<int> right = 0;
  const auto ask = [&](boost::asio::io_context& loop, const CredentialKey& key, bool answer) {
    auto verify = [&verified, answer]() -> Result<bool> {
      ++verified;
      return answer;
    };
    boost::asio::co_spawn(loop, verifications.run(key, std::move(verify)),
                          [&right](const std::exception_ptr&, const Result<bool>& result) {
                            if (result && *result) ++right;
                          });
  };
  const CredentialKey same = credential_key("same");
  const CredentialKey other = credential_key("other");
  std::vector<std::thread> workers;
  workers.reserve(2);
  std::latch asked(2);
  for (int i = 0; i < 2; ++i) {
    workers.emplace_back([&] {
      boost::asio::io_context loop(1);
      for (int j = 0; j < 100; ++j) ask(loop, same, true);
      ask(loop, other, false);
      loop.poll();
      asked.count_down();
      loop.run();
    });
  }
  asked.wait();
  release.set_value();
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(verified, 2);
  EXPECT_EQ(right, 200);
}

TEST(SharedVerifications, TellEveryoneWaitingThatTheQueueIsFull) {
  net::Blocking pool("passwords", 1, 0);
  SharedVerifications verifications(pool);
  auto never = []() -> Result<bool> { return true; };
  const auto answer = run(verifications.run(credential_key("x"), std::move(never)));
  EXPECT_EQ(answer.error().code, Code::unavailable);
}

}  // namespace
}  // namespace moorgate::auth
