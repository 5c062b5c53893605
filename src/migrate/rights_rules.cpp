#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "access/policy.hpp"
#include "auth/principal.hpp"
#include "base/text.hpp"
#include "migrate/repository_names.hpp"
#include "migrate/rights.hpp"

/// From rights as they were to rules that give the same.
namespace moorgate::migrate {
namespace {

using access::AccessRule;
using access::Action;
using access::kActions;
using access::Subject;

constexpr std::string_view kAsOfNow =
    "as of this import; who is added to the password file later must be added here";

std::string joined(const std::vector<std::string>& globs) {
  std::string text;
  for (const auto& glob : globs) text += (text.empty() ? "" : ", ") + glob;
  return text;
}

class RuleMaker {
 public:
  RuleMaker(const Rights& rights, Plan& plan, Report& report)
      : rights_(rights), plan_(plan), report_(report) {}

  void run() {
    while (close_to_strangers()) {
    }
    for (std::size_t i = 0; i < rights_.classes.size(); ++i) {
      const auto& entry = rights_.classes[i];
      const auto* around = i == 0 ? nullptr : &rights_.classes[surrounding(i)];
      for (const Action action : kActions) {
        const Who& who = entry.who[index(action)];
        if (around == nullptr) {
          allow(entry, who, action);
        } else if (!(who == around->who[index(action)])) {
          allow(entry, who, action);
          deny_others(entry, around->who[index(action)], who, action);
        }
      }
    }
    verify();
  }

 private:
  /// No rule can deny a repository to those who do not sign in and leave it to others. So what lies
  /// around one that is not for anyone is not for anyone either.
  bool close_to_strangers() {
    for (std::size_t i = 1; i < rights_.classes.size(); ++i) {
      for (const Action action : kActions) {
        const Who& inner = rights_.classes[i].who[index(action)];
        Who& around = rights_.classes[surrounding(i)].who[index(action)];
        const bool clash = around.kind == Who::Kind::anyone && inner.kind != Who::Kind::anyone &&
                           inner.kind != Who::Kind::nobody;
        if (!clash) continue;
        around.kind = Who::Kind::signed_in;
        report_.lost.insert(
            {around.by, "anyone could " + std::string(to_string(action)) + " in " +
                            rights_.classes[surrounding(i)].globs.back() + " but not in " +
                            joined(rights_.classes[i].globs) +
                            "; no rule can except that for those who do not sign in, so they must "
                            "sign in everywhere: better list what is for anyone"});
        return true;
      }
    }
    return false;
  }

  static std::size_t index(Action action) { return static_cast<std::size_t>(action); }

  /// The class whose globs lie closest around those of class `i`.
  std::size_t surrounding(std::size_t i) const {
    const std::string example = example_of(rights_.classes[i].globs.back());
    std::size_t best = 0;
    std::size_t length = 0;
    for (std::size_t k = 1; k < rights_.classes.size(); ++k) {
      for (const auto& glob : rights_.classes[k].globs) {
        if (k == i || glob.size() < length || !glob_match(glob, example)) continue;
        if (glob.size() >= rights_.classes[i].globs.back().size()) continue;
        best = k;
        length = glob.size();
      }
    }
    return best;
  }

  std::string group_of(const std::set<std::string>& names, const std::string& wanted,
                       const Place& from) {
    const std::vector<std::string> members(names.begin(), names.end());
    std::string name = wanted;
    if (wanted.starts_with("may-")) {
      const auto alike = std::ranges::find(plan_.groups, members, &Plan::Group::members);
      if (alike != plan_.groups.end()) return alike->name;
    }
    for (int n = 2;; ++n) {
      const auto known = std::ranges::find(plan_.groups, name, &Plan::Group::name);
      if (known == plan_.groups.end()) break;
      if (known->members == members) return name;
      name = wanted + "-" + std::to_string(n);
    }
    plan_.groups.push_back(
        {.name = name, .members = members, .from = from, .note = std::string(kAsOfNow)});
    return name;
  }

  /// "pushers" for /etc/nginx/pushers.htpasswd.
  static std::string group_name(const Who& who, Action action) {
    const std::string stem = std::filesystem::path(who.file).stem().string();
    const bool fits = !stem.empty() && stem.find_first_not_of(
                                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                           "0123456789_-") == std::string::npos;
    return fits ? stem : "may-" + std::string(to_string(action));
  }

  std::optional<Subject> subject_of(const Who& who, Action action) {
    switch (who.kind) {
      case Who::Kind::anyone:
        return Subject{.kind = Subject::Kind::anyone};
      case Who::Kind::signed_in:
        return Subject{.kind = Subject::Kind::signed_in};
      case Who::Kind::some:
        if (who.names.empty()) {
          report_.lost.insert({who.by, "the users who may " + std::string(to_string(action)) +
                                           " are those of a file that cannot be read here; list "
                                           "them under groups"});
        }
        return Subject{.kind = Subject::Kind::group,
                       .pattern = group_of(who.names, group_name(who, action), who.by)};
      default:
        return std::nullopt;
    }
  }

  AccessRule& rule_for(const Subject& subject, const RepositoryRights& entry, const Place& from,
                       bool denies) {
    for (auto& known : plan_.rules) {
      if (known.rule.who == subject && known.rule.repositories == entry.globs &&
          known.rule.deny.empty() != denies) {
        return known.rule;
      }
    }
    plan_.rules.push_back({.rule = {.who = subject, .repositories = entry.globs}, .from = from});
    return plan_.rules.back().rule;
  }

  void allow(const RepositoryRights& entry, const Who& who, Action action) {
    const auto subject = subject_of(who, action);
    if (subject) rule_for(*subject, entry, who.by, false).allow.add(action);
  }

  /// The rule for the repositories around also speaks of these; a denial has to take back what is
  /// too much.
  void deny_others(const RepositoryRights& entry, const Who& around, const Who& who,
                   Action action) {
    using Kind = Who::Kind;
    if (around.kind == Kind::nobody || who.kind == Kind::anyone) return;
    if (who.kind == Kind::nobody) {
      rule_for({.kind = Subject::Kind::anyone}, entry, who.by, true).deny.add(action);
      return;
    }
    if (around.kind == Kind::anyone || who.kind == Kind::signed_in) return;  // verify() tells
    std::set<std::string> others;
    const auto& before = around.kind == Kind::signed_in ? rights_.users : around.names;
    std::ranges::set_difference(before, who.names, std::inserter(others, others.end()));
    if (others.empty()) return;
    const std::string name = group_of(others, "not-" + group_name(who, action), who.by);
    rule_for({.kind = Subject::Kind::group, .pattern = name}, entry, who.by, true).deny.add(action);
  }

  /// Asks the rules themselves: what differs from before is told.
  void verify() {
    const access::Policy policy(access_of(plan_));
    for (const auto& entry : rights_.classes) {
      for (const Action action : kActions) compare(policy, entry, action);
    }
  }

  void compare(const access::Policy& policy, const RepositoryRights& entry, Action action) {
    const Who& who = entry.who[index(action)];
    const auto where = oci::RepositoryName::parse(example_of(entry.globs.back()));
    if (!where) return;
    std::set<std::string> names = rights_.users;
    names.insert("");
    for (const auto& name : names) {
      const bool is_named = !name.empty();
      const bool before =
          who.kind == Who::Kind::anyone ||
          (is_named && (who.kind == Who::Kind::signed_in || who.names.contains(name)));
      const auth::Principal principal =
          is_named ? auth::Principal(name, "htpasswd") : auth::Principal();
      if (policy.decide(principal, *where, action).allowed == before) continue;
      report_.lost.insert(
          {who.by, (is_named ? name : "who does not sign in") +
                       (before ? " could " : " could not ") + std::string(to_string(action)) +
                       " in " + entry.globs.back() +
                       (before ? " and no longer can" : " and now can; change access")});
    }
  }

  Rights rights_;
  Plan& plan_;
  Report& report_;
};

void add_users(const Rights& rights, PasswordFiles& files, Plan& plan, Report& report) {
  std::map<std::string, std::string> seen;
  for (const auto& file : rights.files) {
    const Place place = rights.places.contains(file) ? rights.places.at(file) : Place{};
    plan.users.push_back({file, place});
    const auto* entries = files.find(file);
    if (entries == nullptr) {
      report.lost.insert({place, "the password file " + file +
                                     " cannot be read here; if it is a "
                                     "container's: moorgate import --volume HOST:CONTAINER"});
      continue;
    }
    for (const auto& [name, hash] : *entries) {
      const auto [known, is_new] = seen.emplace(name, hash);
      if (!is_new && known->second != hash) {
        report.lost.insert({place, std::string(name)
                                       .append(" has another password in ")
                                       .append(file)
                                       .append("; the first file's counts now")});
      }
    }
  }
}

}  // namespace

access::AccessConfig access_of(const Plan& plan) {
  access::AccessConfig config;
  for (const auto& group : plan.groups) config.groups.push_back({group.name, group.members});
  for (const auto& rule : plan.rules) config.rules.push_back(rule.rule);
  return config;
}

void add_rules(const Rights& rights, PasswordFiles& files, Plan& plan, Report& report) {
  add_users(rights, files, plan, report);
  RuleMaker(rights, plan, report).run();
  const auto& everywhere = rights.classes.front().who;
  const Who& push = everywhere[static_cast<std::size_t>(Action::push)];
  const Who& remove = everywhere[static_cast<std::size_t>(Action::remove)];
  const bool open =
      std::ranges::any_of(everywhere, [](const Who& who) { return who.kind == Who::Kind::anyone; });
  if (rights.files.empty() && open) plan.no_sign_in = push.by;
  const auto verbs = [&](Who::Kind kind) {
    const bool pushes = push.kind == kind;
    const bool removes = remove.kind == kind;
    return std::string(pushes ? "push" : "") + (pushes && removes ? " and " : "") +
           (removes ? "delete" : "");
  };
  if (const auto what = verbs(Who::Kind::anyone); !what.empty()) {
    report.holes.insert({push.by, "anyone may " + what + ", without a password"});
  }
  const auto what = verbs(Who::Kind::signed_in);
  if (what.empty()) return;
  report.holes.insert(
      {push.by, "any valid user may " + what + ": whoever has a line in the password file"});
  const bool removes = remove.kind == Who::Kind::signed_in;
  plan.tighter = {
      "Any valid user may " + what +
          ", as before. To leave that to some, name them and replace the",
      "rule for signed-in:", "groups: { pushers: [alice, \"ci-*\"] }",
      "- { who: signed-in, repositories: \"**\", allow: [pull] }",
      std::string("- { who: \"group:pushers\", repositories: \"**\", allow: [pull, push") +
          (removes ? ", delete" : "") + "] }"};
}

}  // namespace moorgate::migrate
