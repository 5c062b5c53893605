#pragma once

#include "doctor/visit.hpp"

namespace moorgate::doctor {

/// Asks the door everything, in an order in which later questions build on earlier answers. Takes
/// under a minute with the default patience. Leaves nothing behind: upload sessions are cancelled,
/// nothing is committed.
Report examine(HttpProbe& probe, const Order& order, const Progress& progress);

}  // namespace moorgate::doctor
