#include "access/policy.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace moorgate::access {
namespace {

using auth::Principal;
using Kind = Subject::Kind;

oci::RepositoryName repository(std::string_view text) {
  return oci::RepositoryName::parse(text).value();
}

Principal user(std::string name) {
  return {std::move(name), "test"};
}

AccessRule allow(Subject who, std::string glob, Actions actions = Actions::all()) {
  return {.who = std::move(who), .repositories = {std::move(glob)}, .allow = actions};
}

AccessRule deny(Subject who, std::string glob, Actions actions = Actions::all()) {
  return {.who = std::move(who), .repositories = {std::move(glob)}, .deny = actions};
}

bool may(std::vector<AccessRule> rules, const Principal& who, Action what, std::string_view where) {
  const Policy policy({.groups = {{"pushers", {"alice", "ci-*"}}, {"nobody", {}}},
                       .rules = std::move(rules),
                       .rules_given = true,
                       .contact = ""});
  return policy.decide(who, repository(where), what).allowed;
}

TEST(Policy, WhatNoRuleAllowsIsDenied) {
  EXPECT_FALSE(may({}, user("alice"), Action::pull, "a"));
  EXPECT_FALSE(may({deny({Kind::anyone}, "b")}, user("alice"), Action::pull, "a"));
}

TEST(Policy, ARuleConcernsItsSubjectOnly) {
  struct Case {
    Subject who;
    Principal principal;
    bool concerned;
  };
  const Case cases[] = {
      {{Kind::anyone}, Principal(), true},
      {{Kind::anyone}, user("alice"), true},
      {{Kind::signed_in}, Principal(), false},
      {{Kind::signed_in}, user("alice"), true},
      {{Kind::user, "alice"}, user("alice"), true},
      {{Kind::user, "alice"}, user("Alice"), false},
      {{Kind::user, "alice"}, user("alice2"), false},
      {{Kind::user, "alice"}, Principal(), false},
      {{Kind::user, "*"}, user("alice"), true},
      {{Kind::user, "*"}, Principal(), false},
      {{Kind::user, "**"}, Principal(), false},
      {{Kind::user, "ci-*"}, user("ci-"), true},
      {{Kind::user, "ci-*"}, user("xci-1"), false},
      // A user's name is never a glob.
      {{Kind::user, "alice"}, user("*"), false},
      {{Kind::user, "alice"}, user("al*"), false},
      {{Kind::group, "pushers"}, user("alice"), true},
      {{Kind::group, "pushers"}, user("ci-7"), true},
      {{Kind::group, "pushers"}, user("bob"), false},
      {{Kind::group, "pushers"}, user("*"), false},
      {{Kind::group, "pushers"}, user("pushers"), false},
      {{Kind::group, "pushers"}, Principal(), false},
      {{Kind::group, "push*"}, user("alice"), true},
      {{Kind::group, "nobody"}, user("alice"), false},
      {{Kind::group, "nobody"}, Principal(), false},
      {{Kind::group, "missing"}, user("alice"), false},
      // A directory's group counts under its own name, yet adds nobody to a configured one.
      {{Kind::group, "staff"}, Principal("eve", "ldap", {"staff"}), true},
      {{Kind::group, "st*"}, Principal("eve", "ldap", {"staff"}), true},
      {{Kind::group, "pushers"}, Principal("eve", "ldap", {"pushers"}), false},
      {{Kind::group, "push*"}, Principal("eve", "ldap", {"pushers"}), false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(may({allow(c.who, "**")}, c.principal, Action::pull, "a/b"), c.concerned)
        << to_string(c.who) << " and " << c.principal.name();
  }
}

TEST(Policy, ARuleSpeaksOfItsActionsOnly) {
  const std::vector<AccessRule> rules = {allow({Kind::signed_in}, "**", {Action::push})};
  EXPECT_TRUE(may(rules, user("alice"), Action::push, "a"));
  EXPECT_FALSE(may(rules, user("alice"), Action::pull, "a"));
  EXPECT_FALSE(may(rules, user("alice"), Action::remove, "a"));
}

TEST(Policy, DenyWinsWhateverTheOrder) {
  const auto yes = allow({Kind::signed_in}, "**");
  const auto no = deny({Kind::user, "bob"}, "prod/**", {Action::push, Action::remove});
  for (const auto& rules : {std::vector{yes, no}, std::vector{no, yes}}) {
    EXPECT_FALSE(may(rules, user("bob"), Action::push, "prod/app"));
    EXPECT_TRUE(may(rules, user("bob"), Action::pull, "prod/app"));
    EXPECT_TRUE(may(rules, user("bob"), Action::push, "test/app"));
    EXPECT_TRUE(may(rules, user("alice"), Action::push, "prod/app"));
  }
}

TEST(Policy, UserPlaceholderIsPlainText) {
  struct Case {
    const char* glob;
    std::string user;
    const char* repository;
    bool matches;
  };
  const Case cases[] = {
      {"home/{user}/**", "alice", "home/alice/app", true},
      {"home/{user}/**", "alice", "home/alice/a/b", true},
      {"home/{user}/**", "alice", "home/alice", false},
      {"home/{user}/**", "alice", "home/bob/app", false},
      {"home/{user}/**", "alice", "home/alice2/app", false},
      {"home/{user}/**", "alice", "x/home/alice/app", false},
      {"home/{user}/**", "a.b-c_d", "home/a.b-c_d/x", true},
      {"home/{user}/**", "a--b", "home/a--b/x", true},
      {"home/{user}/**", "a__b", "home/a__b/x", true},
      {"{user}", "alice", "alice", true},
      {"{user}/{user}", "alice", "alice/alice", true},
      {"{user}/{user}", "alice", "alice/bob", false},
      {"dev-{user}/*", "alice", "dev-alice/x", true},
      {"dev-{user}/*", "alice", "dev-alice-2/x", false},
      // Names that mean something in a glob or in a path.
      {"home/{user}/**", "*", "home/bob/app", false},
      {"home/{user}/**", "**", "home/bob/app", false},
      {"home/{user}/**", "b*", "home/bob/app", false},
      {"home/{user}/**", "bob/app", "home/bob/app/x", false},
      {"home/{user}/**", "..", "home/bob/app", false},
      {"home/{user}/**", ".", "home/bob/app", false},
      {"home/{user}/**", "../bob", "home/bob/app", false},
      {"home/{user}/**", "{user}", "home/bob/app", false},
      {"home/{user}/**", "bob ", "home/bob/app", false},
      {"home/{user}/**", "", "home/bob/app", false},
      {"{user}/**", "", "home/bob/app", false},
      {"**/{user}", "", "home/bob/app", false},
      // Case tricks: no two users share a place.
      {"home/{user}/**", "Bob", "home/bob/app", false},
      {"home/{user}/**", "BOB", "home/bob/app", false},
      {"home/{user}/**",
       "b\xc3\xb6"
       "b",
       "home/bob/app", false},
      // Not a part of a repository's name.
      {"home/{user}/**", "-bob", "home/bob/app", false},
      {"home/{user}/**", "bob.", "home/bob/app", false},
      {"home/{user}/**", "b..b", "home/bob/app", false},
      {"home/{user}/**", "b___b", "home/bob/app", false},
      {"home/{user}/**", "b._b", "home/bob/app", false},
      {"home/{user}/**", std::string(5000, 'a'), "home/bob/app", false},
      {"{user}/{user}/{user}/{user}/{user}", std::string(255, 'a'), "a/a/a/a/a", false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(may({allow({Kind::signed_in}, c.glob)}, user(c.user), Action::push, c.repository),
              c.matches)
        << c.glob << " for " << c.user << " on " << c.repository;
  }
}

TEST(Policy, UserPlaceholderNeverMeansAnonymous) {
  EXPECT_FALSE(may({allow({Kind::anyone}, "{user}/**")}, Principal(), Action::pull, "a/b"));
  EXPECT_FALSE(may({allow({Kind::anyone}, "**{user}**")}, Principal(), Action::pull, "a/b"));
}

TEST(Policy, PullsSomewhereIfAnyRuleSaysSo) {
  const Policy policy({.groups = {},
                       .rules = {allow({Kind::user, "alice"}, "a", {Action::pull}),
                                 allow({Kind::signed_in}, "b", {Action::push})},
                       .rules_given = true,
                       .contact = ""});
  EXPECT_TRUE(policy.may_pull_somewhere(user("alice")));
  EXPECT_FALSE(policy.may_pull_somewhere(user("bob")));
  EXPECT_FALSE(policy.may_pull_somewhere(Principal()));
}

TEST(Policy, PullsEverywhereOnlyWhereNothingCanBeHidden) {
  const auto everywhere = [](std::vector<AccessRule> rules, const Principal& who) {
    const Policy policy(
        {.groups = {}, .rules = std::move(rules), .rules_given = true, .contact = ""});
    return policy.may_pull_everywhere(who);
  };
  const auto all = allow({Kind::signed_in}, "**", {Action::pull});
  EXPECT_TRUE(everywhere({all}, user("alice")));
  EXPECT_FALSE(everywhere({all}, Principal()));
  EXPECT_FALSE(everywhere({}, user("alice")));
  EXPECT_FALSE(everywhere({allow({Kind::signed_in}, "team/**")}, user("alice")));
  EXPECT_FALSE(everywhere({allow({Kind::signed_in}, "**", {Action::push})}, user("alice")));
  EXPECT_FALSE(everywhere({all, deny({Kind::user, "al*"}, "x", {Action::pull})}, user("alice")));
  EXPECT_TRUE(everywhere({all, deny({Kind::user, "bob"}, "x", {Action::pull})}, user("alice")));
  EXPECT_TRUE(everywhere({all, deny({Kind::anyone}, "x", {Action::push})}, user("alice")));
}

TEST(Policy, NamesTheGroupsOfAUser) {
  const Policy policy({.groups = {{"pushers", {"alice", "ci-*"}}, {"ci", {"ci-*"}}, {"empty", {}}},
                       .rules = {},
                       .rules_given = true,
                       .contact = ""});
  using Names = std::vector<std::string>;
  EXPECT_EQ(policy.groups_of(user("alice")), (Names{"pushers"}));
  EXPECT_EQ(policy.groups_of(user("ci-7")), (Names{"ci", "pushers"}));
  EXPECT_EQ(policy.groups_of(Principal("bob", "ldap", {"staff", "empty"})), (Names{"staff"}));
  EXPECT_EQ(policy.groups_of(Principal()), Names{});
}

TEST(Policy, NamesTheRuleThatDecided) {
  auto yes = allow({Kind::signed_in}, "**");
  yes.where = "line 1";
  auto no = deny({Kind::user, "bob"}, "**", {Action::push});
  no.where = "line 2";
  const Policy policy({.groups = {}, .rules = {yes, no, yes}, .rules_given = true, .contact = ""});
  EXPECT_EQ(policy.decide(user("bob"), repository("a"), Action::push).rule->where, "line 2");
  EXPECT_EQ(policy.decide(user("bob"), repository("a"), Action::pull).rule->where, "line 1");
  EXPECT_EQ(policy.decide(Principal(), repository("a"), Action::pull).rule, nullptr);
}

}  // namespace
}  // namespace moorgate::access
