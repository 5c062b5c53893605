#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>

#include "base/secret.hpp"
#include "config/reader.hpp"
#include "http/client_connection.hpp"
#include "http/url.hpp"

namespace moorgate::upstream {

/// The registry behind the gate and how it is spoken to.
struct UpstreamConfig {
  http::Url url;
  /// PEM files; empty: the system's store, no client certificate.
  std::filesystem::path ca;
  std::filesystem::path certificate;
  std::filesystem::path key;
  /// Both or neither.
  std::string username;
  Secret password;
  /// The only token service, and then the only host, that is given the credentials; empty: those
  /// that trust_in() finds safe.
  std::string token_realm;
  http::ClientTimeouts timeouts;
  std::size_t connections = 128;
};

/// The `upstream:` section; a plain value is its url.
UpstreamConfig parse_upstream(const config::Reader& in);

}  // namespace moorgate::upstream
