#include "app/forward_auth_config.hpp"

#include "app/listen_config.hpp"

namespace moorgate::app {

std::optional<ForwardAuthConfig> parse_forward_auth(const config::Reader& root) {
  const config::Reader in = root.section(
      "forward_auth",
      "Answers nginx's auth_request or Traefik's forwardAuth; without `listen` beside it, that is "
      "all this process does",
      "address");
  ForwardAuthConfig config;
  parse_socket(in, config.socket);
  in.read_enum("asked_by", config.asked_by,
               "Who asks, and so which headers are believed: X-Original-Method and X-Original-URI "
               "(nginx), or X-Forwarded-Method and X-Forwarded-Uri (traefik)",
               {{"nginx", api::AskedBy::nginx}, {"traefik", api::AskedBy::traefik}});
  if (!root.has("forward_auth")) return std::nullopt;
  if (!in.has("address")) in.require("address");
  return config;
}

}  // namespace moorgate::app
