#include "access/explain.hpp"

#include <gtest/gtest.h>

namespace moorgate::access {
namespace {

using auth::Principal;
using Kind = Subject::Kind;

oci::RepositoryName repository(std::string_view text) {
  return oci::RepositoryName::parse(text).value();
}

Policy policy() {
  AccessConfig config;
  config.groups = {{"pushers", {"carol", "ci-*"}}, {"empty", {}}};
  config.rules = {
      {.who = {Kind::signed_in},
       .repositories = {"**"},
       .allow = {Action::pull},
       .where = "line 1"},
      {.who = {Kind::group, "pushers"},
       .repositories = {"team/*", "shared/**"},
       .allow = {Action::push},
       .where = "line 2"},
      {.who = {Kind::signed_in},
       .repositories = {"home/{user}/**"},
       .allow = Actions::all(),
       .where = "line 3"},
      {.who = {Kind::user, "ci-old"},
       .repositories = {"team/**"},
       .deny = {Action::push},
       .why = "retired",
       .where = "line 4"},
  };
  return Policy(config);
}

TEST(Explain, GivesTheVerdictAndEveryRule) {
  EXPECT_EQ(explain(policy(), Principal("alice", "test"), Action::push, repository("team/app")),
            "alice may not push team/app, because no rule allows it\n"
            "\n"
            "Rules (a rule that denies beats all that allow):\n"
            "  line 1: signed-in, **, allow pull\n"
            "    applies, but says nothing of push\n"
            "  line 2: group:pushers, team/* shared/**, allow push\n"
            "    does not apply: alice is not group:pushers\n"
            "  line 3: signed-in, home/{user}/**, allow pull, push, delete\n"
            "    does not apply: team/app is not among its repositories\n"
            "  line 4: user:ci-old, team/**, deny push\n"
            "    does not apply: alice is not user:ci-old\n");
}

TEST(Explain, SaysWhichRuleDecided) {
  const auto denied =
      explain(policy(), Principal("ci-old", "test"), Action::push, repository("team/app"));
  EXPECT_TRUE(denied.starts_with("ci-old may not push team/app, by the rule at line 4\n"));
  EXPECT_TRUE(denied.contains("allow push\n    allows\n"));
  EXPECT_TRUE(denied.contains("DENIES: retired"));

  const auto anonymous = explain(policy(), Principal(), Action::pull, repository("home/bob/x"));
  EXPECT_TRUE(anonymous.starts_with("anonymous may not pull home/bob/x, because"));
  EXPECT_TRUE(explain(policy(), Principal("alice", "t"), Action::push, repository("home/bob/x"))
                  .contains("home/bob/x bears another user's name"));
}

TEST(WhoCan, ListsSubjectsMembersAndExceptions) {
  EXPECT_EQ(who_can(policy(), Action::push, repository("team/app")),
            "push team/app is allowed for\n"
            "  group:pushers on team/*, shared/** (line 2)\n"
            "      group pushers: carol, ci-*\n"
            "except where it is denied to\n"
            "  user:ci-old on team/** (line 4)\n");
  EXPECT_EQ(who_can(policy(), Action::push, repository("home/bob/x")),
            "push home/bob/x is allowed for\n"
            "  signed-in on home/{user}/** (line 3), only the user whose name stands in it\n");
  EXPECT_EQ(who_can(policy(), Action::remove, repository("x")),
            "nobody may delete x: no access rule allows it\n");
}

}  // namespace
}  // namespace moorgate::access
