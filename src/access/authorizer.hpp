#pragma once

#include <expected>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "access/permit.hpp"
#include "access/policy.hpp"
#include "auth/principal.hpp"
#include "oci/name.hpp"

namespace moorgate::access {

/// Why not. For anonymous the answer is a challenge (401), for everybody else 403 DENIED.
struct [[nodiscard]] Denial {
  std::string message;  // for the client: who, what, where, which rule, whom to ask
  std::string rule;     // for the log: "line 14", or empty if no rule spoke
  bool anonymous = false;
};

/// Step 4 of a request: the only maker of Permits. One object per worker.
class Authorizer {
 public:
  explicit Authorizer(std::shared_ptr<const Policy> policy) : policy_(std::move(policy)) {}

  std::expected<Permit, Denial> authorize(const auth::Principal& who,
                                          const oci::RepositoryName& where, Action what) const;

  /// For HEAD of a blob or manifest: a permit to pull for whoever may pull or push, because clients
  /// that push ask first and give up on a 403.
  std::expected<Permit, Denial> authorize_head(const auth::Principal& who,
                                               const oci::RepositoryName& where) const;

  /// The bare verdict, without the text: for filtering lists.
  bool may(const auth::Principal& who, const oci::RepositoryName& where,
           Action what) const noexcept;

  /// False: no list of anything can hold something for this principal.
  bool may_see_anything(const auth::Principal& who) const noexcept;

  /// True: every list may be shown to this principal unfiltered.
  bool may_see_everything(const auth::Principal& who) const noexcept;

  std::vector<std::string> groups_of(const auth::Principal& who) const;

  /// After a reload, on the worker's own loop.
  void replace(std::shared_ptr<const Policy> policy) { policy_ = std::move(policy); }

 private:
  std::shared_ptr<const Policy> policy_;
};

}  // namespace moorgate::access
