#pragma once

#include <cstddef>
#include <memory>

#include "auth/principal.hpp"
#include "base/error.hpp"
#include "http/client.hpp"

namespace moorgate::auth {

inline constexpr std::size_t kProxiedGroupLimit = 256;

/// The user whom a trusted proxy has signed in, with source "proxy". The proxy vouches for it: no
/// password is asked for, no users source need know the name. Groups are separated by commas or,
/// where there is no comma, by blanks. bad_request for a name or group that check_user_name()
/// refuses or that is no UTF-8, and for more groups than kProxiedGroupLimit.
Result<std::shared_ptr<const Principal>> principal_of(const http::ProxiedUser& user);

}  // namespace moorgate::auth
