#pragma once

#include <string>

#include "access/permit.hpp"
#include "access/policy.hpp"
#include "auth/principal.hpp"
#include "oci/name.hpp"

namespace moorgate::access {

/// For `moorgate explain USER ACTION REPOSITORY`: the verdict, then every rule and whether it
/// matches or why not. For the administrator: it names users.
std::string explain(const Policy& policy, const auth::Principal& who, Action what,
                    const oci::RepositoryName& where);

/// For `moorgate who-can ACTION REPOSITORY`: subjects and groups with their members, and who is
/// denied in spite of it.
std::string who_can(const Policy& policy, Action what, const oci::RepositoryName& where);

/// What a policy says to somebody it denies; see Denial.
std::string denial_message(const Policy& policy, const auth::Principal& who, Action what,
                           const oci::RepositoryName& where);

}  // namespace moorgate::access
