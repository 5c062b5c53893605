#include "auth/users.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "auth/cached_authenticator.hpp"
#include "base/text.hpp"
#include "config/reader.hpp"

namespace moorgate::auth {
namespace {

namespace fs = std::filesystem;

/// Knows a few users; writes what it was asked into a diary it shares.
class FakeSource final : public UserSource {
 public:
  FakeSource(std::string name, std::map<std::string, std::string> users,
             std::vector<std::string>& diary)
      : name_(std::move(name)), users_(std::move(users)), diary_(diary) {}

  Task<Result<std::optional<Principal>>> verify(const Credentials& credentials) override {
    diary_.push_back(name_ + " verify");
    if (down) co_return failure(Code::unavailable, "down");
    const auto user = users_.find(credentials.user());
    if (user == users_.end()) co_return std::optional<Principal>();
    if (user->second != credentials.password().reveal()) co_return failure(wrong_credentials());
    co_return Principal(user->first, name_);
  }
  Task<Result<>> pretend(const Credentials& /*credentials*/) override {
    diary_.push_back(name_ + " pretend");
    co_return Result<>();
  }
  std::uint64_t generation() const noexcept override { return version; }

  bool down = false;
  std::uint64_t version = 1;

 private:
  std::string name_;
  std::map<std::string, std::string> users_;
  std::vector<std::string>& diary_;
};

Result<Principal> authenticate(Authenticator& authenticator, std::string user,
                               std::string password) {
  boost::asio::io_context loop(1);
  Result<Principal> answer;
  Credentials credentials(std::move(user), Secret(std::move(password)));
  boost::asio::co_spawn(loop, authenticator.authenticate(std::move(credentials)),
                        [&](const std::exception_ptr& error, Result<Principal> result) {
                          if (error) std::rethrow_exception(error);
                          answer = std::move(result);
                        });
  loop.run();
  return answer;
}

class UserSourcesTest : public testing::Test {
 protected:
  UserSourcesTest() {
    using Users = std::map<std::string, std::string>;
    auto one =
        std::make_unique<FakeSource>("one", Users{{"alice", "a1"}, {"both", "first"}}, diary_);
    auto two =
        std::make_unique<FakeSource>("two", Users{{"bob", "b2"}, {"both", "second"}}, diary_);
    one_ = one.get();
    two_ = two.get();
    std::vector<std::unique_ptr<UserSource>> sources;
    sources.push_back(std::move(one));
    sources.push_back(std::move(two));
    users_ = std::make_unique<UserSources>(std::move(sources));
  }

  std::vector<std::string> diary_;
  FakeSource* one_ = nullptr;
  FakeSource* two_ = nullptr;
  std::unique_ptr<UserSources> users_;
};

TEST_F(UserSourcesTest, AreAskedInOrder) {
  EXPECT_EQ(authenticate(*users_, "alice", "a1")->source(), "one");
  EXPECT_EQ(authenticate(*users_, "bob", "b2")->source(), "two");
  EXPECT_EQ(authenticate(*users_, "both", "first")->source(), "one");
}

TEST_F(UserSourcesTest, AWrongPasswordForAKnownUserEndsTheSearch) {
  EXPECT_EQ(authenticate(*users_, "both", "second").error().code, Code::unauthorized);
  EXPECT_EQ(diary_, std::vector<std::string>{"one verify"});
}

TEST_F(UserSourcesTest, AUserNobodyKnowsCostsOneVerification) {
  EXPECT_EQ(authenticate(*users_, "eve", "x").error().code, Code::unauthorized);
  EXPECT_EQ(diary_, (std::vector<std::string>{"one verify", "two verify", "one pretend"}));
}

TEST_F(UserSourcesTest, ASourceThatIsDownIsNotSkipped) {
  one_->down = true;
  EXPECT_EQ(authenticate(*users_, "bob", "b2").error().code, Code::unavailable);
}

TEST_F(UserSourcesTest, NothingIsAnonymous) {
  EXPECT_TRUE(authenticate(*users_, "", "")->anonymous());
  EXPECT_TRUE(diary_.empty());
}

TEST_F(UserSourcesTest, AnySourcesChangeIsAChange) {
  const auto before = users_->generation();
  ++two_->version;
  EXPECT_NE(users_->generation(), before);
}

TEST(UserSources, OfNothingLetNobodyIn) {
  UserSources none(std::vector<std::unique_ptr<UserSource>>{});
  EXPECT_EQ(authenticate(none, "admin", "admin").error().code, Code::unauthorized);
}

class UserFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "users-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path put(const char* name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  fs::path folder_;
  net::Blocking pool_{"passwords", 1, 64};
  const std::string right_ = "alice:" + make_bcrypt("right", 4).value() + "\n";
  const std::string renewed_ = "alice:" + make_bcrypt("renewed", 4).value() + "\n";
};

TEST_F(UserFiles, AreOpenedTogetherOrNotAtAll) {
  UserProblems problems;
  const UsersConfig config{{{put("good", right_)}, {put("bad", "no colon\n")}}};
  EXPECT_EQ(UserSources::open(config, pool_, problems), nullptr);
  ASSERT_EQ(problems.errors.size(), 2U);
  EXPECT_EQ(problems.errors[0].line, 1);
  EXPECT_EQ(problems.errors[0].file, (folder_ / "bad").string());
}

TEST_F(UserFiles, KeepTheOldUsersWhenTheNewVersionIsBroken) {
  UserProblems problems;
  const auto file = put("users", right_);
  auto users = UserSources::open({{{file}}}, pool_, problems);
  ASSERT_NE(users, nullptr);
  EXPECT_EQ(users->files(), std::vector{file});

  put("users", "torn in half");
  const auto before = users->generation();
  EXPECT_FALSE(users->reload(file).errors.empty());
  EXPECT_EQ(users->generation(), before);
  EXPECT_TRUE(authenticate(*users, "alice", "right"));

  put("users", renewed_);
  EXPECT_TRUE(users->reload(file).errors.empty());
  EXPECT_NE(users->generation(), before);
  EXPECT_FALSE(authenticate(*users, "alice", "right"));
  EXPECT_TRUE(authenticate(*users, "alice", "renewed"));
}

TEST_F(UserFiles, MayChangeWhileRequestsRun) {
  UserProblems problems;
  const auto file = put("users", right_);
  auto users = UserSources::open({{{file}}}, pool_, problems);
  std::atomic<bool> stop = false;
  std::atomic<int> refused = 0;
  std::vector<std::thread> workers;
  workers.reserve(2);
  for (int i = 0; i < 2; ++i) {
    workers.emplace_back([&] {
      CachedAuthenticator cached(users, std::make_shared<LoginThrottle>(LoginThrottle::Options{}),
                                 {});
      const std::string header = "Basic " + to_base64("alice:right");
      while (!stop) {
        if (cached.cached(header)) continue;
        boost::asio::io_context loop(1);
        boost::asio::co_spawn(
            loop, cached.authenticate(header),
            [&](const std::exception_ptr&, const auto& answer) { refused += answer ? 0 : 1; });
        loop.run();
      }
    });
  }
  for (int i = 0; i < 100; ++i) (void)users->reload(file);
  stop = true;
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(refused, 0);
}

std::string problems_of(std::string_view yaml, UsersConfig& users) {
  auto document = config::Document::parse(yaml, "/etc/moorgate.yml");
  users = parse_users(document.root());
  std::string out;
  for (const auto& problem : document.problems()) out += config::to_string(problem) + "\n";
  return out;
}

TEST(UsersConfig, NamesItsFiles) {
  UsersConfig users;
  EXPECT_EQ(problems_of("users:\n  - htpasswd: auth/users\n  - htpasswd: /srv/more\n", users), "");
  EXPECT_EQ(users, (UsersConfig{{{"/etc/auth/users"}, {"/srv/more"}}}));
  EXPECT_EQ(problems_of("users: [{htpasswd: /u, bcrypt_only: yes}]\n", users), "");
  EXPECT_EQ(users, (UsersConfig{{{"/u", Schemes::bcrypt}}}));
  EXPECT_EQ(problems_of("{}", users), "");
  EXPECT_EQ(users, UsersConfig{});
}

TEST(UsersConfig, ReportsMistakes) {
  UsersConfig users;
  EXPECT_TRUE(problems_of("users:\n  - htpaswd: x\n", users).contains("did you mean htpasswd"));
  EXPECT_TRUE(problems_of("users:\n  - {}\n", users).contains("htpasswd"));
}

}  // namespace
}  // namespace moorgate::auth
