#include "access/authorizer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace moorgate::access {
namespace {

using auth::Principal;
using Kind = Subject::Kind;

oci::RepositoryName repository(std::string_view text) {
  return oci::RepositoryName::parse(text).value();
}

AccessConfig team_config() {
  AccessConfig config;
  config.groups = {{"pushers", {"carol", "ci-*"}}, {"ops", {"olga"}}};
  config.rules = {
      {.who = {Kind::signed_in},
       .repositories = {"**"},
       .allow = {Action::pull},
       .where = "line 7"},
      {.who = {Kind::group, "pushers"},
       .repositories = {"team/*", "shared/**"},
       .allow = {Action::push},
       .where = "line 8"},
      {.who = {Kind::signed_in},
       .repositories = {"home/{user}/**"},
       .allow = Actions::all(),
       .where = "line 9"},
      {.who = {Kind::user, "dora"},
       .repositories = {"team/app"},
       .allow = {Action::push},
       .where = "line 10"},
      {.who = {Kind::anyone},
       .repositories = {"frozen/**"},
       .deny = {Action::push, Action::remove},
       .why = "releases are final",
       .where = "line 11"},
      {.who = {Kind::group, "ops"},
       .repositories = {"dropbox"},
       .allow = {Action::push},
       .where = "line 12"},
      {.who = {Kind::user, "eve"},
       .repositories = {"**"},
       .deny = {Action::pull},
       .where = "line 13"},
  };
  return config;
}

class AuthorizerTest : public testing::Test {
 protected:
  std::string denial(const std::string& user, Action what, std::string_view where) {
    const auto answer = authorizer_.authorize(principal(user), repository(where), what);
    return answer ? "permitted" : answer.error().message;
  }
  static Principal principal(const std::string& user) {
    return user.empty() ? Principal() : Principal(user, "test");
  }

  Authorizer authorizer_{std::make_shared<Policy>(team_config())};
};

TEST_F(AuthorizerTest, PermitSaysWhoMayDoWhatWhere) {
  const auto permit =
      authorizer_.authorize(principal("carol"), repository("team/app"), Action::push);
  ASSERT_TRUE(permit);
  EXPECT_EQ(permit->principal(), "carol");
  EXPECT_EQ(permit->action(), Action::push);
  EXPECT_EQ(permit->repository().text(), "team/app");
}

TEST_F(AuthorizerTest, DenialSaysWhoWhatWhereWhyAndWhomToAsk) {
  EXPECT_EQ(denial("alice", Action::push, "team/app"),
            "alice may pull but not push team/app: no access rule allows it; push is allowed for "
            "group pushers (line 8), certain users (line 10)");
  EXPECT_EQ(denial("alice", Action::remove, "team/app"),
            "alice may pull but not delete team/app: no access rule allows it");
  EXPECT_EQ(denial("alice", Action::push, "home/bob/app"),
            "alice may pull but not push home/bob/app: no access rule allows it; push is allowed "
            "for the user whose name it bears (line 9)");
  EXPECT_EQ(denial("carol", Action::remove, "shared/a/b"),
            "carol may pull and push but not delete shared/a/b: no access rule allows it");
  EXPECT_EQ(denial("carol", Action::push, "frozen/app"),
            "carol may pull but not push frozen/app: the access rule at line 11 denies it: "
            "releases are final");
  EXPECT_EQ(denial("eve", Action::pull, "team/app"),
            "eve may not pull team/app: the access rule at line 13 denies it");
}

TEST_F(AuthorizerTest, DenialNamesNoUserToStrangers) {
  for (const Action what : kActions) {
    for (const char* where : {"team/app", "shared/x", "dropbox", "home/olga/x", "frozen/x"}) {
      const auto message = denial("alice", what, where);
      for (const char* other : {"carol", "ci-", "dora", "eve"}) {
        EXPECT_FALSE(message.contains(other)) << message;
      }
    }
  }
}

TEST_F(AuthorizerTest, DenialTellsAnonymousNothingButToSignIn) {
  const auto answer = authorizer_.authorize(Principal(), repository("team/app"), Action::push);
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().anonymous);
  EXPECT_EQ(answer.error().message, "sign in to push team/app");
}

TEST_F(AuthorizerTest, DenialQuotesNamesThatCouldMislead) {
  EXPECT_TRUE(denial("al ice\n", Action::push, "a").starts_with("\"al ice\\x0a\" may pull but"));
  EXPECT_TRUE(denial(std::string(200, 'x'), Action::push, "a").size() < 400);
}

TEST_F(AuthorizerTest, DenialGivesTheContactAndTheRule) {
  auto config = team_config();
  config.contact = "#platform";
  authorizer_.replace(std::make_shared<Policy>(config));
  EXPECT_TRUE(denial("alice", Action::push, "a").ends_with("allows it; ask #platform"));
  const auto no_rule = authorizer_.authorize(principal("alice"), repository("a"), Action::push);
  EXPECT_EQ(no_rule.error().rule, "");
  const auto by_rule = authorizer_.authorize(principal("eve"), repository("a"), Action::pull);
  EXPECT_EQ(by_rule.error().rule, "line 13");
}

TEST_F(AuthorizerTest, HeadIsForWhoeverMayPullOrPush) {
  struct Case {
    const char* user;
    const char* where;
    bool permitted;
  };
  auto config = team_config();
  config.rules[0].repositories = {"public/**"};
  authorizer_.replace(std::make_shared<Policy>(config));
  const Case cases[] = {{"alice", "public/x", true}, {"alice", "dropbox", false},
                        {"olga", "dropbox", true},   {"", "dropbox", false},
                        {"", "public/x", false},     {"carol", "team/app", true}};
  for (const auto& c : cases) {
    const auto permit = authorizer_.authorize_head(principal(c.user), repository(c.where));
    EXPECT_EQ(permit.has_value(), c.permitted) << c.user << " " << c.where;
    if (permit) {
      EXPECT_EQ(permit->action(), Action::pull);
    }
  }
  EXPECT_FALSE(authorizer_.authorize(principal("olga"), repository("dropbox"), Action::pull))
      << "a HEAD tells no more than that the thing exists";
}

TEST_F(AuthorizerTest, ListsAreFilteredByTheSameRules) {
  EXPECT_TRUE(authorizer_.may(principal("alice"), repository("x"), Action::pull));
  EXPECT_FALSE(authorizer_.may(principal("eve"), repository("x"), Action::pull));
  EXPECT_TRUE(authorizer_.may_see_anything(principal("alice")));
  EXPECT_FALSE(authorizer_.may_see_anything(Principal()));
}

}  // namespace
}  // namespace moorgate::access
