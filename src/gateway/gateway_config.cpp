#include "gateway/gateway_config.hpp"

#include "base/text.hpp"
#include "http/url.hpp"

namespace moorgate::gateway {
namespace {

/// Short enough to be guessed is worse than none: a key of the process is random.
constexpr std::size_t kShortestKey = 16;

}  // namespace

GatewayConfig parse_gateway(const config::Reader& in) {
  GatewayConfig config;
  in.read("also_called", config.names,
          "Names that the registry gives itself in its answers, such as registry.example.com:443 "
          "where its http.host says so; without them such a Location counts as another host's");
  for (std::size_t i = 0; i < config.names.size(); ++i) {
    const auto url = http::Url::parse("https://" + config.names[i]);
    if (!url || url->target != "/" || config.names[i].ends_with('/')) {
      in.problem(
          "also_called", i,
          moorgate::quoted(config.names[i]) + " is no host name; write it as host or host:port");
    }
  }
  const bool given =
      in.read("upload_key", config.upload_key,
              "Seals upload sessions (file:PATH or env:NAME); gateways side by side need the same, "
              "one alone makes a random one at each start");
  if (given && config.upload_key.reveal().size() < kShortestKey) {
    in.problem("upload_key", "a key needs at least 16 characters");
  }
  return config;
}

}  // namespace moorgate::gateway
