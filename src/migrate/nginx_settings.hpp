#pragma once

#include <vector>

#include "migrate/nginx_tree.hpp"
#include "migrate/plan.hpp"

namespace moorgate::migrate {

/// What nginx is told beside rights that `servers` (at least one) keep: the proxies in front that
/// it believes, and timeouts, of which those of the first server count.
void add_settings(const NginxTree& tree, const std::vector<const Directive*>& servers, Plan& plan,
                  Report& report);

}  // namespace moorgate::migrate
