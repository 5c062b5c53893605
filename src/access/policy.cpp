#include "access/policy.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace moorgate::access {
namespace {

constexpr std::string_view kUser = "{user}";

// Room for an expanded glob. One that does not fit holds more plain text than any repository's name
// has, so that it could not match.
using GlobBuffer = std::array<char, 1024>;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// How many characters of `text` are one separator of a path component: '.', '_', '__', or dashes.
std::size_t separator_size(std::string_view text) {
  if (text.starts_with("__")) return 2;
  if (text.starts_with('.') || text.starts_with('_')) return 1;
  return std::min(text.find_first_not_of('-'), text.size());
}

/// The distribution spec's grammar of one part of a repository's name:
/// [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*. It holds nothing that means something in a glob.
bool is_path_component(std::string_view text) noexcept {
  while (true) {
    const auto* const end = std::ranges::find_if_not(text, is_alphanumeric);
    if (end == text.begin()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
    if (text.empty()) return true;
    const std::size_t separator = separator_size(text);
    if (separator == 0) return false;
    text.remove_prefix(separator);
  }
}

/// The glob with every {user} replaced; nullopt if it does not fit.
std::optional<std::string_view> expand(std::string_view glob, std::string_view user,
                                       GlobBuffer& buffer) noexcept {
  std::size_t size = 0;
  const auto append = [&](std::string_view text) {
    if (text.size() > buffer.size() - size) return false;
    std::memcpy(buffer.data() + size, text.data(), text.size());
    size += text.size();
    return true;
  };
  while (true) {
    const auto at = glob.find(kUser);
    if (!append(glob.substr(0, at))) return std::nullopt;
    if (at == std::string_view::npos) return std::string_view(buffer.data(), size);
    if (!append(user)) return std::nullopt;
    glob.remove_prefix(at + kUser.size());
  }
}

bool glob_covers(std::string_view glob, std::optional<std::string_view> user,
                 std::string_view repository) noexcept {
  if (!glob.contains(kUser)) return glob_match(glob, repository);
  if (!user) return false;
  GlobBuffer buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  const auto expanded = expand(glob, *user, buffer);
  return expanded && glob_match(*expanded, repository);
}

bool any_glob_covers(const AccessRule& rule, std::optional<std::string_view> user,
                     const oci::RepositoryName& repository) noexcept {
  return std::ranges::any_of(rule.repositories, [&](const std::string& glob) {
    return glob_covers(glob, user, repository.text());
  });
}

}  // namespace

bool covers(const AccessRule& rule, std::string_view user,
            const oci::RepositoryName& repository) noexcept {
  return any_glob_covers(rule, is_path_component(user) ? std::optional(user) : std::nullopt,
                         repository);
}

bool covers_for_somebody(const AccessRule& rule, const oci::RepositoryName& repository) noexcept {
  return any_glob_covers(rule, "*", repository);
}

Policy::Policy(AccessConfig config) : config_(std::move(config)) {
  for (const auto& group : config_.groups) {
    Members& members = groups_[group.name];
    for (const auto& member : group.members) {
      if (member.contains('*')) {
        members.globs.push_back(member);
      } else {
        members.names.insert(member);
      }
    }
  }
}

Decision Policy::decide(const auth::Principal& who, const oci::RepositoryName& where,
                        Action what) const noexcept {
  Decision decision;
  for (const auto& rule : config_.rules) {
    const bool denies = rule.deny.has(what);
    const bool decides = denies || (rule.allow.has(what) && !decision.allowed);
    // The glob first: most rules are about another repository, which shows at its first letters.
    if (!decides || !covers(rule, who.name(), where) || !concerns(rule.who, who)) continue;
    decision = {.allowed = !denies, .rule = &rule};
    if (denies) break;
  }
  return decision;
}

bool Policy::may_pull_somewhere(const auth::Principal& who) const noexcept {
  return std::ranges::any_of(config_.rules, [&](const AccessRule& rule) {
    return rule.allow.has(Action::pull) && concerns(rule.who, who);
  });
}

bool Policy::may_pull_everywhere(const auth::Principal& who) const noexcept {
  bool everywhere = false;
  for (const auto& rule : config_.rules) {
    if (!concerns(rule.who, who)) continue;
    if (rule.deny.has(Action::pull)) return false;
    everywhere |= rule.allow.has(Action::pull) &&
                  std::ranges::find(rule.repositories, "**") != rule.repositories.end();
  }
  return everywhere;
}

std::vector<std::string> Policy::groups_of(const auth::Principal& who) const {
  std::vector<std::string> names;
  for (const auto& [name, members] : groups_) {
    if (is_member(members, who.name())) names.push_back(name);
  }
  for (const auto& name : who.groups()) {
    if (!groups_.contains(name)) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

bool Policy::concerns(const Subject& subject, const auth::Principal& who) const noexcept {
  if (subject.kind == Subject::Kind::anyone) return true;
  if (who.anonymous()) return false;
  switch (subject.kind) {
    case Subject::Kind::user:
      return glob_match(subject.pattern, who.name());
    case Subject::Kind::group:
      return in_group(subject.pattern, who);
    default:
      return true;
  }
}

bool Policy::in_group(std::string_view pattern, const auth::Principal& who) const noexcept {
  const bool configured = std::ranges::any_of(groups_, [&](const auto& group) {
    return glob_match(pattern, group.first) && is_member(group.second, who.name());
  });
  return configured || std::ranges::any_of(who.groups(), [&](const std::string& name) {
           return glob_match(pattern, name) && !groups_.contains(name);
         });
}

bool Policy::is_member(const Members& members, const std::string& user) const noexcept {
  return members.names.contains(user) ||
         std::ranges::any_of(members.globs,
                             [&](const std::string& glob) { return glob_match(glob, user); });
}

}  // namespace moorgate::access
