#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "access/access_config.hpp"
#include "access/access_rule.hpp"
#include "access/permit.hpp"
#include "auth/principal.hpp"
#include "oci/name.hpp"

namespace moorgate::access {

/// A verdict and the rule that gave it.
struct Decision {
  bool allowed = false;
  const AccessRule* rule =
      nullptr;  // null: no rule speaks of it, which denies; lives in the Policy
};

/// All access rules, ready to decide. The order of rules does not matter: a rule that denies beats
/// any that allows, and what no rule allows is denied. Never changes; any thread may ask.
class Policy {
 public:
  explicit Policy(AccessConfig config);

  /// No allocation, no exception.
  Decision decide(const auth::Principal& who, const oci::RepositoryName& where,
                  Action what) const noexcept;

  /// Whether some rule lets `who` pull from any repository, existing or not.
  bool may_pull_somewhere(const auth::Principal& who) const noexcept;

  /// Whether there is no repository, existing or not, that `who` may not pull from. Errs on the
  /// safe side: only a rule for `**`, and no rule at all that denies pulling, make it true.
  bool may_pull_everywhere(const auth::Principal& who) const noexcept;

  /// Names of the groups that `who` is in, as rules see them, in byte order.
  std::vector<std::string> groups_of(const auth::Principal& who) const;

  /// Whether `who` is one of those the subject names. Anonymous is only ever `anyone`. A group of
  /// the configuration has exactly the members given there; a group that only the users source
  /// names counts under its own name.
  bool concerns(const Subject& subject, const auth::Principal& who) const noexcept;

  const AccessConfig& config() const noexcept { return config_; }

 private:
  struct Members {
    std::unordered_set<std::string> names;
    std::vector<std::string> globs;
  };

  bool is_member(const Members& members, const std::string& user) const noexcept;
  bool in_group(std::string_view pattern, const auth::Principal& who) const noexcept;

  const AccessConfig config_;
  std::map<std::string, Members, std::less<>> groups_;
};

/// Whether one of the rule's globs matches, with {user} standing for `user` as plain text. A name
/// that could not be one part of a repository's name (`*`, `..`, upper case, a slash) matches no
/// glob that holds {user}.
bool covers(const AccessRule& rule, std::string_view user,
            const oci::RepositoryName& repository) noexcept;
/// The same for some user or other.
bool covers_for_somebody(const AccessRule& rule, const oci::RepositoryName& repository) noexcept;

}  // namespace moorgate::access
