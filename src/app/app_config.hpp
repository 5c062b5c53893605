#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/access_config.hpp"
#include "app/forward_auth_config.hpp"
#include "app/listen_config.hpp"
#include "auth/users.hpp"
#include "base/log.hpp"
#include "config/reader.hpp"
#include "gateway/gateway_config.hpp"
#include "http/limits.hpp"
#include "http/trusted_proxies.hpp"
#include "net/address.hpp"
#include "net/tls_context.hpp"
#include "upstream/upstream_config.hpp"

namespace moorgate::app {

struct StorageConfig {
  std::filesystem::path root = "moorgate-data";
  std::optional<bool> keep_links;  ///< See distribution::parse_keep_links.
  std::chrono::seconds upload_expiry{std::chrono::hours(168)};
};

struct LogConfig {
  /// nullopt: human on a terminal, JSON otherwise.
  std::optional<log::Format> format;
  log::Level level = log::Level::info;
};

/// In front of another registry, instead of storing images.
struct BehindConfig {
  upstream::UpstreamConfig upstream;
  gateway::GatewayConfig gateway;
};

/// The whole configuration: every folder's own, added up. Plain data.
struct AppConfig {
  std::string public_url;
  std::string realm = "Moorgate";
  /// Empty only beside a proxy: see is_beside().
  std::vector<ListenConfig> listen;
  std::optional<ForwardAuthConfig> forward_auth;
  std::optional<net::Address> metrics;
  /// Empty: a self-signed certificate made in the storage root.
  std::vector<net::TlsContext::Files> certificates;
  auth::UsersConfig users;
  access::AccessConfig access;
  StorageConfig storage;
  /// Given: the shape in front of another registry; `storage` then holds only what the first start
  /// makes.
  std::optional<BehindConfig> behind;
  http::TrustedProxies trusted_proxies;
  http::Limits limits;
  LogConfig log;
  std::size_t workers = 0;  ///< 0: one for each core.
  std::chrono::seconds shutdown_timeout{30};

  /// Set by complete_with_defaults: `users` names the file it made.
  bool admin_was_generated = false;

  /// No users configured: the one generated administrator may do everything.
  bool generated_admin() const noexcept { return users.htpasswd.empty() && users.sign_in; }
  bool needs_tls() const noexcept;
  /// Only answers a proxy's questions; no client connects, nothing is stored.
  bool is_beside() const noexcept { return listen.empty(); }
};

/// Why whoever may connect to these sockets could sign in as anybody; empty if nobody could.
std::string_view flaw_of_user_header(const http::TrustedProxies& proxies,
                                     const std::vector<ListenConfig>& listen, bool forward_auth);

/// Declares every option; the document holds the problems afterwards.
AppConfig parse_app(const config::Reader& root);

/// What was read, or why it cannot be used.
struct LoadedConfig {
  AppConfig config;
  std::vector<config::Problem> problems;
  /// What a person should know of a registry's own configuration that was read in place of ours.
  std::vector<std::string> remarks;
};

/// `file` empty: the embedded defaults, relative to the current folder. The environment's
/// MOORGATE_ variables override in both cases.
LoadedConfig load_config(const std::filesystem::path& file);

/// docs/config.md, from the declarations.
std::string render_config_reference();

}  // namespace moorgate::app
