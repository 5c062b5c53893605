#include "access/access_config.hpp"

#include <gtest/gtest.h>

#include <string>

#include "config/reader.hpp"

namespace moorgate::access {
namespace {

std::string problems_of(std::string_view yaml, AccessConfig& access) {
  auto document = config::Document::parse(yaml, "m.yml");
  access = parse_access(document.root());
  std::string out;
  for (const auto& problem : document.problems()) out += config::to_string(problem) + "\n";
  return out;
}

TEST(AccessConfig, ReadsGroupsAndRules) {
  AccessConfig access;
  EXPECT_EQ(
      problems_of("contact: '#platform'\n"
                  "groups:\n"
                  "  pushers: [testuser, 'ci-*']\n"
                  "  admins: root\n"
                  "access:\n"
                  "  - { who: signed-in, repositories: '**', allow: pull }\n"
                  "  - { who: 'group:pushers', repositories: [a/*, b], allow: [pull, push] }\n"
                  "  - { who: 'user:ci-*', repositories: 'x/{user}/**', allow: all }\n"
                  "  - { who: anyone, repositories: v/**, deny: [push, delete], why: final }\n",
                  access),
      "");
  EXPECT_EQ(access.contact, "#platform");
  EXPECT_TRUE(access.rules_given);
  EXPECT_EQ(access.groups,
            (std::vector<Group>{{"pushers", {"testuser", "ci-*"}}, {"admins", {"root"}}}));
  ASSERT_EQ(access.rules.size(), 4U);
  EXPECT_EQ(to_string(access.rules[1].who), "group:pushers");
  EXPECT_EQ(access.rules[1].repositories, (std::vector<std::string>{"a/*", "b"}));
  EXPECT_EQ(access.rules[1].allow, (Actions{Action::pull, Action::push}));
  EXPECT_EQ(access.rules[2].allow, Actions::all());
  EXPECT_EQ(access.rules[3].allow, Actions{});
  EXPECT_EQ(access.rules[3].deny, (Actions{Action::push, Action::remove}));
  EXPECT_EQ(access.rules[3].why, "final");
  EXPECT_NE(access.rules[0].where, access.rules[1].where);
}

TEST(AccessConfig, GroupsOfASourceNeedNotBeListed) {
  const auto document = config::Document::parse(
      "access: [{ who: group:publishers, repositories: a, allow: pull }]", "m.yml");
  const auto access = parse_access(document.root(), OtherGroups::named_by_source);
  EXPECT_TRUE(document.problems().empty());
  EXPECT_EQ(access.rules.at(0).who.pattern, "publishers");
}

TEST(AccessConfig, WithoutAccessTheSignedInMayPull) {
  AccessConfig access;
  EXPECT_EQ(problems_of("{}", access), "");
  EXPECT_FALSE(access.rules_given);
  ASSERT_EQ(access.rules.size(), 1U);
  EXPECT_EQ(to_string(access.rules[0].who), "signed-in");
  EXPECT_EQ(access.rules[0].allow, Actions{Action::pull});
}

TEST(AccessConfig, AnEmptyAccessIsAClosedDoor) {
  AccessConfig access;
  for (const char* yaml : {"access: []", "access:"}) {
    problems_of(yaml, access);
    EXPECT_TRUE(access.rules_given) << yaml;
    EXPECT_TRUE(access.rules.empty()) << yaml;
  }
}

TEST(AccessConfig, ReportsMistakes) {
  const auto rule = [](std::string_view text) {
    return "groups: { pushers: [a] }\naccess:\n  - { " + std::string(text) + " }\n";
  };
  const std::pair<std::string, const char*> cases[] = {
      {rule("who: group:pusher, repositories: a, allow: pull"), "did you mean pushers?"},
      {rule("who: group:zzzz, repositories: a, allow: pull"), "there is no group \"zzzz\""},
      {rule("who: group:zz*, repositories: a, deny: pull"), "there is no group \"zz*\""},
      {rule("who: 'group:', repositories: a, allow: pull"), "not anyone, signed-in, user:NAME"},
      {rule("who: signedin, repositories: a, allow: pull"), "did you mean signed-in?"},
      {rule("who: usr:bob, repositories: a, allow: pull"), "did you mean user:bob?"},
      {rule("who: everybody, repositories: a, allow: pull"), "not anyone"},
      {rule("who: '', repositories: a, allow: pull"), "not anyone"},
      {rule("repositories: a, allow: pull"), "who"},
      {rule("who: anyone, allow: pull"), "repositories"},
      {rule("who: anyone, repositories: a"), "neither allow nor deny"},
      {rule("who: anyone, repositories: a, allow: write"), "allow"},
      {rule("who: anyone, repositories: a, alow: pull"), "did you mean allow"},
      {rule("who: anyone, repositories: a, allow: all, deny: push"), "both allowed and denied"},
      {rule("who: anyone, repositories: a, allow: pull, why: x"), "only by rules that deny"},
      {rule("who: anyone, repositories: Team/*, allow: pull"), "no repository's name matches"},
      {rule("who: anyone, repositories: 'a[bc]', allow: pull"), "no repository's name matches"},
      {rule("who: anyone, repositories: 'a?', allow: pull"), "no repository's name matches"},
      {rule("who: anyone, repositories: /a, allow: pull"), "an empty part"},
      {rule("who: anyone, repositories: a//b, allow: pull"), "an empty part"},
      {rule("who: anyone, repositories: 'a/', allow: pull"), "an empty part"},
      {rule("who: anyone, repositories: '', allow: pull"), "an empty name"},
      {rule("who: anyone, repositories: 'h/{usr}/x', allow: pull"), "only placeholder is {user}"},
      {rule("who: anyone, repositories: 'h/{us{user}er}/x', allow: pull"), "only placeholder"},
      {rule("who: anyone, repositories: 'h/{user}*', allow: pull"), "cannot also hold a *"},
      {rule("who: anyone, repositories: '**{user}', allow: pull"), "cannot also hold a *"},
      {"groups: { 'a*': [x] }", "not a name for a group"},
      {"groups: { a: ['group:b'] }", "members are names of users"},
      {"groups: { a: [''] }", "an empty name"},
  };
  for (const auto& [yaml, expected] : cases) {
    AccessConfig access;
    const auto problems = problems_of(yaml, access);
    EXPECT_TRUE(problems.contains(expected)) << yaml << problems;
  }
}

TEST(Action, IsReadAsItIsPrinted) {
  for (const Action action : kActions) EXPECT_EQ(parse_action(to_string(action)), action);
  for (const char* bad : {"", "Pull", "remove", "all", "pull,push"}) {
    EXPECT_EQ(parse_action(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace moorgate::access
