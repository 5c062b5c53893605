#pragma once

#include <string>
#include <vector>

#include "base/secret.hpp"
#include "config/reader.hpp"

namespace moorgate::gateway {

/// What a gateway must know of its upstream beyond how to reach it.
struct GatewayConfig {
  /// Other names the upstream gives itself in a Location: "host" or "host:port".
  std::vector<std::string> names;
  /// Seals upload sessions; empty: a random one of this process.
  Secret upload_key;
};

/// Keys of the `upstream:` section, beside those of upstream::parse_upstream.
GatewayConfig parse_gateway(const config::Reader& in);

}  // namespace moorgate::gateway
