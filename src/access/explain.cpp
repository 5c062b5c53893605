#include "access/explain.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace moorgate::access {
namespace {

std::string join(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const auto& word : words) {
    if (!out.empty()) out += between;
    out += word;
  }
  return out;
}

/// A name as it is if that cannot mislead a reader, else quoted.
std::string shown(std::string_view name) {
  const bool plain = std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f; });
  return plain && name.size() <= 64 ? std::string(name) : moorgate::quoted(name, 64);
}

std::string shown(const auth::Principal& who) {
  return who.anonymous() ? "anonymous" : shown(who.name());
}

bool speaks_for_owner(const AccessRule& rule, const oci::RepositoryName& where) {
  // A name no user has: what it does not cover, only {user} can.
  return !covers(rule, "", where);
}

std::vector<std::string> matching_groups(const Policy& policy, const Subject& subject) {
  std::vector<std::string> out;
  for (const auto& group : policy.config().groups) {
    if (glob_match(subject.pattern, group.name)) out.push_back("group " + group.name);
  }
  if (out.empty()) out.push_back("group " + subject.pattern);
  return out;
}

/// Those a rule allows, without the name of any user: the reader may be anybody.
std::string allowed_by(const Policy& policy, const AccessRule& rule,
                       const oci::RepositoryName& where) {
  std::string out;
  switch (rule.who.kind) {
    case Subject::Kind::anyone:
    case Subject::Kind::signed_in:
      out = "the user";
      break;
    case Subject::Kind::user:
      out = "certain users";
      break;
    case Subject::Kind::group:
      out = join(matching_groups(policy, rule.who), ", ");
      break;
  }
  if (speaks_for_owner(rule, where)) out += " whose name it bears";
  return out + " (" + rule.where + ")";
}

std::string allowed_for(const Policy& policy, Action what, const oci::RepositoryName& where) {
  constexpr std::size_t kEnough = 4;
  std::vector<std::string> out;
  for (const auto& rule : policy.config().rules) {
    if (!rule.allow.has(what) || !covers_for_somebody(rule, where)) continue;
    if (out.size() == kEnough) {
      out.emplace_back("others");
      break;
    }
    out.push_back(allowed_by(policy, rule, where));
  }
  return join(out, ", ");
}

/// "alice may pull but not push team/app".
std::string finding(const Policy& policy, const auth::Principal& who, Action what,
                    const oci::RepositoryName& where) {
  std::vector<std::string> others;
  for (const Action other : kActions) {
    if (other != what && policy.decide(who, where, other).allowed) {
      others.emplace_back(to_string(other));
    }
  }
  std::string out = shown(who) + " may ";
  if (!others.empty()) out += join(others, " and ") + " but ";
  return out.append("not ").append(to_string(what)).append(" ").append(where.text());
}

std::string members_of(const Policy& policy, const Subject& subject) {
  std::string out;
  for (const auto& group : policy.config().groups) {
    if (!glob_match(subject.pattern, group.name)) continue;
    out += "\n      group " + group.name + ": " +
           (group.members.empty() ? "nobody" : join(group.members, ", "));
  }
  return out;
}

/// "signed-in on team/**, home/{user}/** (line 7)".
std::string whom_and_where(const AccessRule& rule) {
  return to_string(rule.who) + " on " + join(rule.repositories, ", ") + " (" + rule.where + ")";
}

std::string effect(const AccessRule& rule) {
  std::vector<std::string> out;
  if (!rule.allow.empty()) out.push_back("allow " + to_string(rule.allow));
  if (!rule.deny.empty()) out.push_back("deny " + to_string(rule.deny));
  return join(out, "; ");
}

/// What a rule says about one request, or why it says nothing.
std::string bearing(const Policy& policy, const AccessRule& rule, const auth::Principal& who,
                    Action what, const oci::RepositoryName& where) {
  if (!policy.concerns(rule.who, who)) {
    return "does not apply: " + shown(who) + " is not " + to_string(rule.who);
  }
  if (!covers(rule, who.name(), where)) {
    const bool owner = covers_for_somebody(rule, where);
    return "does not apply: " + where.text() +
           (owner ? " bears another user's name" : " is not among its repositories");
  }
  if (rule.deny.has(what)) return "DENIES" + (rule.why.empty() ? "" : ": " + rule.why);
  if (rule.allow.has(what)) return "allows";
  return std::string("applies, but says nothing of ").append(to_string(what));
}

std::string rules_with(const Policy& policy, Actions AccessRule::* effect_of, Action what,
                       const oci::RepositoryName& where) {
  std::string out;
  for (const auto& rule : policy.config().rules) {
    if (!(rule.*effect_of).has(what) || !covers_for_somebody(rule, where)) continue;
    out += "\n  " + whom_and_where(rule);
    if (speaks_for_owner(rule, where)) out += ", only the user whose name stands in it";
    if (rule.who.kind == Subject::Kind::group) out += members_of(policy, rule.who);
  }
  return out;
}

}  // namespace

std::string denial_message(const Policy& policy, const auth::Principal& who, Action what,
                           const oci::RepositoryName& where) {
  if (who.anonymous()) {
    return std::string("sign in to ").append(to_string(what)).append(" ").append(where.text());
  }
  std::string out = finding(policy, who, what, where) + ": ";
  const Decision decision = policy.decide(who, where, what);
  if (decision.rule != nullptr) {
    out += "the access rule at " + decision.rule->where + " denies it";
    if (!decision.rule->why.empty()) out += ": " + decision.rule->why;
  } else {
    out += "no access rule allows it";
    const auto others = allowed_for(policy, what, where);
    if (!others.empty())
      out.append("; ").append(to_string(what)).append(" is allowed for ") += others;
  }
  if (!policy.config().contact.empty()) out += "; ask " + policy.config().contact;
  return out;
}

std::string explain(const Policy& policy, const auth::Principal& who, Action what,
                    const oci::RepositoryName& where) {
  const Decision decision = policy.decide(who, where, what);
  std::string out = shown(who) + (decision.allowed ? " may " : " may not ");
  out.append(to_string(what)).append(" ").append(where.text());
  out += decision.rule != nullptr ? ", by the rule at " + decision.rule->where
                                  : std::string(", because no rule allows it");
  out += "\n\nRules (a rule that denies beats all that allow):\n";
  for (const auto& rule : policy.config().rules) {
    out += "  " + rule.where + ": " + to_string(rule.who) + ", " + join(rule.repositories, " ") +
           ", " + effect(rule) + "\n    " + bearing(policy, rule, who, what, where) + "\n";
  }
  return out;
}

std::string who_can(const Policy& policy, Action what, const oci::RepositoryName& where) {
  const auto allowed = rules_with(policy, &AccessRule::allow, what, where);
  const auto denied = rules_with(policy, &AccessRule::deny, what, where);
  const auto subject = std::string(to_string(what)) + " " + where.text();
  if (allowed.empty()) return "nobody may " + subject + ": no access rule allows it\n";
  std::string out = subject + " is allowed for" + allowed + "\n";
  if (!denied.empty()) out += "except where it is denied to" + denied + "\n";
  return out;
}

}  // namespace moorgate::access
