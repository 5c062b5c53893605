#include "app/app_config.hpp"

#include <algorithm>
#include <utility>

#include "app/config_source.hpp"
#include "config/environment.hpp"
#include "config/reference.hpp"
#include "distribution/distribution_tree.hpp"

namespace moorgate::app {
namespace {

void parse_pair(const config::Reader& in, std::vector<net::TlsContext::Files>& into) {
  net::TlsContext::Files files;
  const bool certificate = in.read(
      "certificate", files.certificate,
      "PEM file with the certificate and its chain; watched, swapped without dropping connections");
  const bool key =
      in.read("key", files.key, "PEM file with the certificate's private key; watched");
  if (certificate && !in.has("key"))
    in.problem("certificate", "the key that goes with it is missing; add tls.key");
  if (key && !in.has("certificate"))
    in.problem("key", "the certificate that goes with it is missing; add tls.certificate");
  if (certificate && key) into.push_back(std::move(files));
}

std::vector<net::TlsContext::Files> parse_tls(const config::Reader& in) {
  std::vector<net::TlsContext::Files> all;
  parse_pair(in, all);
  for (const auto& item :
       in.items("certificates", "Further certificates, chosen by the name the client asks for")) {
    parse_pair(item, all);
  }
  return all;
}

StorageConfig parse_storage(const config::Reader& in) {
  StorageConfig storage;
  const auto filesystem =
      in.section("filesystem", "Blobs and metadata in a folder of this machine");
  filesystem.read("root", storage.root,
                  "The folder; an existing /var/lib/registry of Docker's registry is adopted in "
                  "place");
  storage.keep_links = distribution::parse_keep_links(filesystem);
  in.read("upload_expiry", storage.upload_expiry,
          "An upload that nobody has touched for this long is ended and its bytes removed",
          {.min = std::chrono::seconds(60)});
  return storage;
}

LogConfig parse_log(const config::Reader& in) {
  enum class Format { automatic, human, json };
  LogConfig config;
  Format format = Format::automatic;
  in.read_enum("format", format, "How lines look: auto is human on a terminal and JSON otherwise",
               {{"auto", Format::automatic}, {"human", Format::human}, {"json", Format::json}});
  if (format == Format::human) config.format = log::Format::human;
  if (format == Format::json) config.format = log::Format::json;
  in.read_enum("level", config.level, "The least important lines that are written",
               {{"debug", log::Level::debug},
                {"info", log::Level::info},
                {"warning", log::Level::warning},
                {"error", log::Level::error}});
  return config;
}

std::optional<net::Address> parse_metrics(const config::Reader& in) {
  std::string address;
  if (!in.read("listen", address,
               "A plain-HTTP listener of its own for /metrics, /healthz and /readyz; without it "
               "/metrics asks for a sign-in on the main listeners")) {
    return std::nullopt;
  }
  auto parsed = net::Address::parse(address);
  if (parsed) return *parsed;
  in.problem("listen", std::move(parsed).error().message);
  return std::nullopt;
}

std::optional<BehindConfig> parse_behind(const config::Reader& root) {
  const auto in = root.section("upstream",
                               "Another registry to stand in front of, which keeps the images "
                               "instead of storage",
                               "url");
  BehindConfig config{.upstream = upstream::parse_upstream(in),
                      .gateway = gateway::parse_gateway(in)};
  if (!root.has("upstream")) return std::nullopt;
  in.require("url");
  if (root.has("storage")) {
    root.problem("storage",
                 "storage and upstream exclude each other: with upstream the registry behind keeps "
                 "the images; take one of them out");
  }
  return config;
}

bool everybody_may_connect(const ListenConfig& item) {
  return item.socket.address.is_unix() && (item.socket.mode & 0002U) != 0;
}

http::TrustedProxies parse_proxies(const config::Reader& root,
                                   const std::vector<ListenConfig>& listen) {
  const config::Reader in =
      root.section("trusted_proxies",
                   "Proxies in front of Moorgate whose word about their clients is taken; "
                   "from everybody else such headers are ignored",
                   "from");
  auto proxies = http::parse_trusted_proxies(in);
  const auto needs_peers = [](const ListenConfig& item) {
    return item.proxy_protocol && !item.socket.address.is_unix();
  };
  if (proxies.from.empty() && std::ranges::any_of(listen, needs_peers)) {
    in.problem("from",
               "nobody could connect to the listener with proxy_protocol; name the proxies "
               "that do");
  }
  const auto flaw = flaw_of_user_header(proxies, listen, root.has("forward_auth"));
  if (!flaw.empty()) in.problem("user_header", std::string(flaw));
  return proxies;
}

/// Without configured users there is one, whose password is random: he may do everything.
void let_admin_in(AppConfig& config) {
  if (!config.generated_admin() || config.access.rules_given) return;
  config.access.rules = {{.who = {access::Subject::Kind::user, "admin"},
                          .repositories = {"**"},
                          .allow = access::Actions::all(),
                          .where = "the built-in rule for the generated admin"}};
}

void insist_on_what_beside_needs(const config::Reader& root, const AppConfig& config) {
  for (const std::string key : {"storage", "upstream"}) {
    if (!root.has(key)) continue;
    root.problem(key,
                 "nobody could reach these images: `forward_auth` without `listen` only answers "
                 "a proxy's questions; add `listen`, or take `" +
                     key + "` out");
  }
  if (config.generated_admin()) {
    root.problem("forward_auth",
                 "there is nobody to let in: add `users`, such as the proxy's own password file");
  }
}

}  // namespace

bool AppConfig::needs_tls() const noexcept {
  for (const auto& item : listen) {
    if (item.tls) return true;
  }
  return false;
}

std::string_view flaw_of_user_header(const http::TrustedProxies& proxies,
                                     const std::vector<ListenConfig>& listen, bool forward_auth) {
  if (!proxies.takes_over_users() || !proxies.secret.empty()) return {};
  if (forward_auth) {
    return "a proxy that asks by forward_auth hands on what its clients send, this header too, so "
           "they could sign in as anybody; add secret_header and secret";
  }
  if (std::ranges::any_of(proxies.from, &net::Network::is_unix) &&
      std::ranges::any_of(listen, everybody_may_connect)) {
    return "every user of this machine may connect to the Unix socket and sign in as anybody; "
           "give the socket a mode such as \"0660\", or add secret_header and secret";
  }
  return {};
}

AppConfig parse_app(const config::Reader& root) {
  AppConfig config;
  root.read("public_url", config.public_url,
            "Where clients reach the registry, such as https://registry.example.com; shown in "
            "messages");
  root.read("realm", config.realm, "The realm that a sign-in is asked for");
  config.listen = parse_listen(root);
  config.forward_auth = parse_forward_auth(root);
  if (config.listen.empty() && !config.forward_auth) config.listen.push_back(default_listener());
  config.trusted_proxies = parse_proxies(root, config.listen);
  config.certificates =
      parse_tls(root.section("tls", "The certificate; without it a self-signed one is made"));
  config.users = auth::parse_users(root);
  config.access = access::parse_access(root, config.trusted_proxies.groups_header.empty()
                                                 ? access::OtherGroups::none
                                                 : access::OtherGroups::named_by_source);
  config.storage = parse_storage(root.section("storage", "Where images are kept"));
  config.behind = parse_behind(root);
  config.limits =
      http::parse_limits(root.section("limits", "How long and how much a client may take"));
  config.metrics = parse_metrics(root.section("metrics", "Numbers for Prometheus"));
  config.log = parse_log(root.section("log", "The log on standard error"));
  root.read("workers", config.workers, "Event loops; 0 is one for each core",
            {.min = 0, .max = 256});
  root.read("shutdown_timeout", config.shutdown_timeout,
            "After SIGTERM, requests under way have this long to finish",
            {.min = std::chrono::seconds(0), .max = std::chrono::hours(1)});
  if (config.is_beside()) insist_on_what_beside_needs(root, config);
  if (!config.users.sign_in && !config.access.rules_given) {
    root.problem("sign_in", "nobody signs in, so `access` has to say what anyone may do");
  }
  if (config.generated_admin() && config.trusted_proxies.takes_over_users() &&
      !config.access.rules_given) {
    // The built-in administrator's rights must not fall to whom the proxy calls by that name.
    root.problem("access", "users come from trusted_proxies; say here what they may do");
  }
  let_admin_in(config);
  return config;
}

LoadedConfig load_config(const std::filesystem::path& file) {
  ConfigSource source = open_config(file, config::process_environment());
  LoadedConfig loaded;
  loaded.config = parse_app(source.document.root());
  loaded.remarks = std::move(source.remarks);
  loaded.problems = std::move(source.problems);
  // Nothing can be wrong with a translation that was not made.
  if (loaded.problems.empty()) loaded.problems = source.document.problems();
  return loaded;
}

std::string render_config_reference() {
  const auto document = config::Document::for_reference();
  std::ignore = parse_app(document.root());
  return "# Configuration\n\n"
         "`moorgate serve --config moorgate.yml` reads these keys; generated from the program, "
         "see\n"
         "[hacking.md](hacking.md). Relative paths are relative to the file. Unknown keys are "
         "errors.\n"
         "`MOORGATE_` and a key's path in capitals override it: `MOORGATE_TLS_CERTIFICATE`. A "
         "value with\n"
         "`{` or `*` at its start must be quoted. Anchors, aliases and YAML 1.1's merge key (`<<: "
         "*name`, or a\n"
         "list of them) work: a section's own keys win, then the earlier of the list.\n\n" +
         config::render_reference(document.reference());
}

}  // namespace moorgate::app
