#pragma once

#include <vector>

#include "config/reader.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"

namespace moorgate::app {

/// One place where clients connect.
struct ListenConfig {
  net::Listener::Options socket;
  bool tls = true;
  /// Connections begin with a PROXY header.
  bool proxy_protocol = false;
};

/// The keys of any listening socket: `address`, and `mode`, `owner`, `group` of a Unix socket.
void parse_socket(const config::Reader& in, net::Listener::Options& socket);

/// The key `listen`; empty if it is not given.
std::vector<ListenConfig> parse_listen(const config::Reader& root);

/// What is listened on where nothing is configured: TLS on 0.0.0.0:5043.
ListenConfig default_listener();

}  // namespace moorgate::app
