#pragma once

#include "doctor/visit.hpp"

namespace moorgate::doctor {

/// Asks the door everything, in an order in which later questions build on earlier answers. Takes
/// half a minute with the default patience, up to two where answers are slow. Leaves nothing
/// behind: upload sessions are cancelled, nothing is committed.
Report examine(HttpProbe& probe, const Order& order, const Progress& progress);

}  // namespace moorgate::doctor
