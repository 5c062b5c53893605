#include "access/authorizer.hpp"

#include "access/explain.hpp"

namespace moorgate::access {

std::expected<Permit, Denial> Authorizer::authorize(const auth::Principal& who,
                                                    const oci::RepositoryName& where,
                                                    Action what) const {
  const Decision decision = policy_->decide(who, where, what);
  if (decision.allowed) return Permit(where, what, who.name());
  return std::unexpected(Denial{.message = denial_message(*policy_, who, what, where),
                                .rule = decision.rule == nullptr ? "" : decision.rule->where,
                                .anonymous = who.anonymous()});
}

std::expected<Permit, Denial> Authorizer::authorize_head(const auth::Principal& who,
                                                         const oci::RepositoryName& where) const {
  if (may(who, where, Action::push)) return Permit(where, Action::pull, who.name());
  return authorize(who, where, Action::pull);
}

bool Authorizer::may(const auth::Principal& who, const oci::RepositoryName& where,
                     Action what) const noexcept {
  return policy_->decide(who, where, what).allowed;
}

bool Authorizer::may_see_anything(const auth::Principal& who) const noexcept {
  return policy_->may_pull_somewhere(who);
}

bool Authorizer::may_see_everything(const auth::Principal& who) const noexcept {
  return policy_->may_pull_everywhere(who);
}

std::vector<std::string> Authorizer::groups_of(const auth::Principal& who) const {
  return policy_->groups_of(who);
}

}  // namespace moorgate::access
