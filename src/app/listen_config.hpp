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
};

/// The key `listen`; without it one TLS listener on 0.0.0.0:5043.
std::vector<ListenConfig> parse_listen(const config::Reader& root);

}  // namespace moorgate::app
