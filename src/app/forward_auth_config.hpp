#pragma once

#include <optional>

#include "api/original_request.hpp"
#include "config/reader.hpp"
#include "net/listener.hpp"

namespace moorgate::app {

/// The key `forward_auth`: where nginx or Traefik asks us.
struct ForwardAuthConfig {
  net::Listener::Options socket;
  api::AskedBy asked_by = api::AskedBy::nginx;
};

/// nullopt where the key is not given.
std::optional<ForwardAuthConfig> parse_forward_auth(const config::Reader& root);

}  // namespace moorgate::app
