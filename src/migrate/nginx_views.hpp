#pragma once

#include <cstddef>
#include <vector>

#include "migrate/nginx_config.hpp"
#include "migrate/rights.hpp"

namespace moorgate::migrate {

/// Of a server's names, how many are looked at one by one.
inline constexpr std::size_t kViewedNames = 8;

/// In which other ways than by its first name, with TLS if it has any and as docker, clients can
/// come to a server: what nginx tells apart there no rule can.
std::vector<View> other_views_of(const Directive& server);

}  // namespace moorgate::migrate
