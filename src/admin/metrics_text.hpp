#pragma once

#include <string>

namespace moorgate::admin {

/// Everything that base/metrics holds, in Prometheus' text format.
std::string render_metrics();

}  // namespace moorgate::admin
