#pragma once

#include <functional>
#include <map>
#include <string>

namespace moorgate::config {

using Environment = std::map<std::string, std::string, std::less<>>;

/// Of this process, without Kubernetes' service links.
Environment process_environment();

/// Kubernetes gives every container NAME_SERVICE_HOST, NAME_PORT, NAME_PORT_443_TCP… for each
/// Service of its namespace. With a Service called moorgate they would look like overrides.
void drop_kubernetes_service_links(Environment& environment);

}  // namespace moorgate::config
