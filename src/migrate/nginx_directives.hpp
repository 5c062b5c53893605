#pragma once

#include "migrate/nginx_config.hpp"
#include "migrate/plan.hpp"

namespace moorgate::migrate {

/// Says of every directive below `block` what becomes of it. Those that the plan itself reads are
/// passed over; what no table knows is reported as not understood. Of locations only `relevant`
/// ones are entered.
void remark_directives(const Directive& block, const std::set<const Directive*>& relevant,
                       Report& report);

}  // namespace moorgate::migrate
