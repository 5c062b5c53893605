#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "oci/name.hpp"

namespace moorgate::access {

enum class Action : std::uint8_t { pull, push, remove };

/// "pull", "push", "delete".
std::string_view to_string(Action action) noexcept;

/// Proof that this principal may do this action in this repository. Only Authorizer makes one, and
/// every registry operation demands one, so a forgotten check does not compile.
class [[nodiscard]] Permit {
 public:
  const oci::RepositoryName& repository() const noexcept { return repository_; }
  Action action() const noexcept { return action_; }
  /// Name of the principal, empty for anonymous: for owners and audit, not for decisions.
  const std::string& principal() const noexcept { return principal_; }

 private:
  friend class Authorizer;
  Permit(oci::RepositoryName repository, Action action, std::string principal)
      : repository_(std::move(repository)), action_(action), principal_(std::move(principal)) {}

  oci::RepositoryName repository_;
  Action action_;
  std::string principal_;
};

}  // namespace moorgate::access
