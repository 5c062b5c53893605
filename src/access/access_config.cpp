#include "access/access_config.hpp"

#include <algorithm>
#include <ranges>
#include <string_view>

#include "base/text.hpp"
#include "config/reader.hpp"

namespace moorgate::access {
namespace {

constexpr std::string_view kUser = "{user}";
constexpr std::string_view kRepositoryCharacters = "abcdefghijklmnopqrstuvwxyz0123456789._-/*";

bool is_glob(std::string_view text) {
  return text.contains('*');
}

// ---- groups

void check_members(const config::Reader& in, const Group& group) {
  for (std::size_t i = 0; i < group.members.size(); ++i) {
    if (group.members[i].empty()) in.problem(group.name, i, "an empty name");
    if (group.members[i].contains(':')) {
      in.problem(group.name, i, "members are names of users, such as alice or ci-*");
    }
  }
}

std::vector<Group> parse_groups(const config::Reader& in) {
  std::vector<Group> out;
  for (const auto& name : in.keys("NAME")) {
    Group group{.name = name, .members = {}};
    in.read(name, group.members, "Users in the group; * stands for any characters");
    if (name.empty() || is_glob(name)) in.problem(name, "not a name for a group");
    check_members(in, group);
    out.push_back(std::move(group));
  }
  return out;
}

// ---- access

std::string with_suggestion(std::string message, std::string_view word,
                            const std::vector<std::string>& known) {
  if (const auto near = nearest(word, known)) message += "; did you mean " + *near + "?";
  return message;
}

void check_group(const config::Reader& in, const std::string& pattern,
                 const std::vector<Group>& groups) {
  std::vector<std::string> names;
  names.reserve(groups.size());
  for (const auto& group : groups) names.push_back(group.name);
  const auto matches = [&](const std::string& name) { return glob_match(pattern, name); };
  if (std::ranges::any_of(names, matches)) return;
  in.problem("who",
             with_suggestion("there is no group " + moorgate::quoted(pattern), pattern, names));
}

Subject parse_subject(const config::Reader& in, const std::string& text,
                      const std::vector<Group>* groups) {
  if (text == "anyone") return {.kind = Subject::Kind::anyone};
  if (text == "signed-in") return {.kind = Subject::Kind::signed_in};
  const auto colon = std::min(text.find(':'), text.size());
  const auto kind = text.substr(0, colon);
  const auto pattern = text.substr(std::min(colon + 1, text.size()));
  if (!pattern.empty() && kind == "user") return {Subject::Kind::user, pattern};
  if (!pattern.empty() && kind == "group") {
    if (groups != nullptr) check_group(in, pattern, *groups);
    return {Subject::Kind::group, pattern};
  }
  in.problem(
      "who",
      with_suggestion(moorgate::quoted(text) + " is not anyone, signed-in, user:NAME or group:NAME",
                      text, {"anyone", "signed-in", "user:" + pattern, "group:" + pattern}));
  return {};
}

/// `{user}` beside a `*` would let alice into what belongs to alice-2.
bool user_stands_clear(std::string_view glob) {
  return std::ranges::none_of(std::views::split(glob, '/'), [](auto&& range) {
    const std::string_view part(range);
    return part.contains(kUser) && part.contains('*');
  });
}

/// What is wrong with a glob; empty if nothing is.
std::string glob_mistake(std::string_view glob) {
  if (glob.empty()) return "an empty name";
  if (glob.size() > 255) return "longer than any repository's name";
  if (glob.starts_with('/') || glob.ends_with('/') || glob.contains("//")) {
    return "an empty part before, after or between slashes";
  }
  if (!user_stands_clear(glob)) return "a part with {user} cannot also hold a *";
  std::string plain(glob);
  for (auto at = plain.find(kUser); at != std::string::npos; at = plain.find(kUser, at)) {
    plain.replace(at, kUser.size(), "x");
  }
  if (plain.contains('{') || plain.contains('}')) return "the only placeholder is {user}";
  if (plain.find_first_not_of(kRepositoryCharacters) != std::string::npos) {
    return "no repository's name matches that: names are a-z, 0-9 and . _ - / and the only "
           "wildcards * and **";
  }
  return "";
}

void check_repositories(const config::Reader& in, const std::vector<std::string>& globs) {
  for (std::size_t i = 0; i < globs.size(); ++i) {
    const auto mistake = glob_mistake(globs[i]);
    if (!mistake.empty()) in.problem("repositories", i, mistake);
  }
}

enum class Verb { pull, push, remove, all };

Actions read_actions(const config::Reader& in, std::string_view key, std::string_view doc) {
  std::vector<Verb> verbs;
  in.read_enums(
      key, verbs, doc,
      {{"pull", Verb::pull}, {"push", Verb::push}, {"delete", Verb::remove}, {"all", Verb::all}});
  Actions out;
  for (const Verb verb : verbs) {
    for (const Action action : kActions) {
      if (verb == Verb::all || static_cast<int>(verb) == static_cast<int>(action)) out.add(action);
    }
  }
  return out;
}

void check_effect(const config::Reader& in, const AccessRule& rule) {
  if (!in.has("allow") && !in.has("deny")) in.problem("", "neither allow nor deny");
  for (const Action action : kActions) {
    if (rule.allow.has(action) && rule.deny.has(action)) {
      in.problem("deny", std::string(to_string(action)) + " is both allowed and denied");
    }
  }
  if (!rule.why.empty() && rule.deny.empty()) {
    in.problem("why", "shown only by rules that deny, and this one does not");
  }
}

/// `groups` is null where a rule may name others as well.
AccessRule parse_rule(const config::Reader& in, const std::vector<Group>* groups) {
  AccessRule rule;
  rule.where = in.line() > 0 ? "line " + std::to_string(in.line()) : in.path();
  std::string who;
  in.require("who");
  if (in.read("who", who, "anyone, signed-in, user:NAME or group:NAME; names may hold *")) {
    rule.who = parse_subject(in, who, groups);
  }
  in.require("repositories");
  in.read("repositories", rule.repositories,
          "Names of repositories; * stands for anything within a part, ** for anything, {user} for "
          "the name of whoever asks");
  check_repositories(in, rule.repositories);
  rule.allow = read_actions(in, "allow", "What the rule allows: pull, push, delete, all");
  rule.deny = read_actions(in, "deny", "What the rule denies, whatever other rules allow");
  in.read("why", rule.why, "Shown to whoever the rule denies");
  check_effect(in, rule);
  return rule;
}

AccessRule pull_for_the_signed_in() {
  return {.who = {.kind = Subject::Kind::signed_in},
          .repositories = {"**"},
          .allow = {Action::pull},
          .where = "built in, because there is no `access`"};
}

}  // namespace

AccessConfig parse_access(const config::Reader& in, OtherGroups others) {
  AccessConfig out;
  in.read("contact", out.contact, "Whom the denied may ask, shown in every denial");
  out.groups = parse_groups(in.section("groups", "Named sets of users, for rules under access"));
  out.rules_given = in.has("access");
  for (const auto& item :
       in.items("access", "Who may do what where; order does not matter, a deny always wins")) {
    out.rules.push_back(parse_rule(item, others == OtherGroups::none ? &out.groups : nullptr));
  }
  if (!out.rules_given) out.rules.push_back(pull_for_the_signed_in());
  return out;
}

}  // namespace moorgate::access
