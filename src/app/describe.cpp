#include "app/describe.hpp"

#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "access/access_rule.hpp"
#include "auth/htpasswd_file.hpp"
#include "base/text.hpp"
#include "blob/paths.hpp"
#include "upstream/upstream.hpp"

namespace moorgate::app {
namespace {

namespace fs = std::filesystem;

using namespace std::string_literals;

void add_listeners(const AppConfig& config, std::string& out) {
  out += "Listens on\n";
  for (const auto& item : config.listen) {
    out += "  " + item.socket.address.text() + (item.tls ? " with TLS" : " without TLS") +
           (item.proxy_protocol ? ", behind a PROXY header\n" : "\n");
  }
  if (config.forward_auth) {
    out += "  " + config.forward_auth->socket.address.text() + " for the questions of " +
           (config.forward_auth->asked_by == api::AskedBy::nginx ? "nginx (auth_request)"
                                                                 : "Traefik (forwardAuth)") +
           ", without TLS\n";
  }
  out += config.metrics ? "  " + config.metrics->text() + " for metrics and health, without TLS\n"
                        : "  (metrics and health on the same addresses)\n"s;
}

/// What a proxy's word is worth, and where somebody else might give it.
void add_trusted_proxies(const http::TrustedProxies& proxies, std::string& out) {
  out += "Trusted proxies\n";
  if (proxies.from.empty()) {
    out += "  none: forwarding headers are ignored, whoever sends them\n";
    return;
  }
  out += "  the client's address, scheme and host are taken from headers of";
  for (const auto& network : proxies.from) {
    out += " " + (network.is_unix() ? "Unix sockets"s : network.text());
  }
  out +=
      proxies.secret.empty() ? "\n" : " that bring the secret in " + proxies.secret_header + "\n";
  if (proxies.takes_over_users()) {
    out += "  users signed in by them are taken over from " + proxies.user_header +
           (proxies.groups_header.empty() ? ""s : ", their groups from " + proxies.groups_header) +
           "; no password is asked for\n";
  }
  if (proxies.unsafe) {
    out +=
        "  warning: unsafe is true; if a network is as wide as the Internet, every client may "
        "claim any address\n";
  }
  if (!proxies.secret.empty()) return;
  if (proxies.lists_loopback()) {
    out += "  warning: every user and program of this machine is such a proxy\n";
  }
  if (proxies.has_wide_network()) {
    out += proxies.takes_over_users()
               ? "  warning: every machine of a wide network may sign in as anybody; list the "
                 "proxies' own addresses, or add secret_header and secret\n"
               : "  warning: every machine of a wide network may claim any address; list the "
                 "proxies' own addresses\n";
  }
}

void add_certificates(const AppConfig& config, Description& into) {
  if (!config.needs_tls()) return;
  into.text += "Certificates\n";
  if (config.certificates.empty()) {
    into.text += "  a self-signed one, made at the first start in " +
                 (config.storage.root / blob::paths::kDefaults).string() + "\n";
    return;
  }
  auto tls = net::TlsContext::load(config.certificates);
  if (!tls) {
    into.usable = false;
    into.text += "  PROBLEM: " + tls.error().message + "\n";
    return;
  }
  for (const auto& facts : (*tls)->certificates()) {
    into.text += "  " + facts.origin + " for";
    for (const auto& name : facts.names) into.text += " " + name;
    if (facts.names.empty()) into.text += " (no DNS name)";
    into.text += ", valid until " + to_rfc3339(facts.expires) + "\n";
  }
}

void add_users(const AppConfig& config, Description& into) {
  into.text += "Users\n";
  if (config.generated_admin()) {
    into.text +=
        "  none configured: \"admin\" with a random password, printed by the first start\n";
  }
  if (!config.users.sign_in) into.text += "  nobody has to sign in: everybody is anyone\n";
  for (const auto& [file, schemes] : config.users.htpasswd) {
    const auto loaded = auth::load_htpasswd(file, schemes);
    for (const auto& problem : loaded.warnings)
      into.text += "  warning: " + to_string(problem) + "\n";
    for (const auto& problem : loaded.errors)
      into.text += "  PROBLEM: " + to_string(problem) + "\n";
    if (!loaded.table) {
      into.usable = false;
      continue;
    }
    into.text += "  " + file.string() + ": " + std::to_string(loaded.table->size()) + " users\n";
  }
  for (const auto& group : config.access.groups) {
    into.text += "  group " + group.name + ":";
    for (const auto& member : group.members) into.text += " " + member;
    into.text += "\n";
  }
}

void add_rules(const AppConfig& config, std::string& out) {
  out += "Who may do what (a denial wins; what no rule allows is denied)\n";
  if (!config.access.rules_given && !config.generated_admin()) {
    out += "  no access rules: every signed-in user may pull, nobody may push or delete\n";
  }
  for (const auto& rule : config.access.rules) {
    out += "  " + rule.where + ": " + to_string(rule.who);
    if (!rule.allow.empty()) out += " may " + to_string(rule.allow);
    if (!rule.deny.empty()) out += " may never " + to_string(rule.deny);
    out += " in";
    for (const auto& pattern : rule.repositories) out += " " + pattern;
    out += "\n";
  }
}

bool can_be_overheard(const http::Url& url) {
  if (url.scheme != http::Url::Scheme::http || url.host == "localhost") return false;
  const auto address = net::Address::from_ip(url.host);
  return !address || !address->is_loopback();
}

void add_upstream(const BehindConfig& config, Description& into) {
  const upstream::UpstreamConfig& upstream = config.upstream;
  into.text += "In front of\n  " + upstream.url.text();
  into.text += upstream.username.empty() ? ", without signing in there"
                                         : ", signed in there as " + upstream.username;
  if (!upstream.certificate.empty()) into.text += ", with a client certificate";
  into.text += "\n";
  if (!upstream.username.empty() && can_be_overheard(upstream.url)) {
    into.text +=
        "  warning: the password goes there unencrypted, for whoever is on the way to read; let "
        "the registry speak TLS\n";
  }
  if (auto origin = upstream::Origin::open(upstream); !origin) {
    into.usable = false;
    into.text += "  PROBLEM: " + origin.error().message + "\n";
  }
}

std::string text_of(std::chrono::seconds time) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(time).count();
  if (hours == 0) return std::to_string(time.count() / 60) + " min";
  return hours % 24 == 0 ? std::to_string(hours / 24) + " d" : std::to_string(hours) + " h";
}

/// What would keep a start from making the folder; empty if nothing is seen.
std::string flaw_of_folder(const fs::path& root) {
  std::error_code error;
  fs::path there = fs::absolute(root, error);
  while (!fs::exists(there, error) && !error && there.has_relative_path()) {
    there = there.parent_path();
  }
  if (error) return there.string() + " cannot be looked at: " + error.message();
  if (!fs::is_directory(there, error)) return there.string() + " is no folder";
  return {};
}

void add_storage(const StorageConfig& storage, Description& into) {
  into.text += "Storage\n  " + storage.root.string() + " (unfinished uploads end after " +
               text_of(storage.upload_expiry) + ")\n";
  if (const std::string flaw = flaw_of_folder(storage.root); !flaw.empty()) {
    into.usable = false;
    into.text += "  PROBLEM: " + flaw + "\n";
  }
}

std::string_view port_of(std::string_view address) {
  return address.substr(address.rfind(':') + 1);
}

}  // namespace

Description describe(const AppConfig& config) {
  Description description;
  add_listeners(config, description.text);
  add_trusted_proxies(config.trusted_proxies, description.text);
  add_certificates(config, description);
  add_users(config, description);
  add_rules(config, description.text);
  if (config.is_beside()) {
    description.text += "Storage\n  none: a proxy asks, and serves the images itself\n";
  } else if (config.behind) {
    add_upstream(*config.behind, description);
  } else {
    add_storage(config.storage, description);
  }
  description.text += description.usable ? "The configuration can be used.\n"
                                         : "The configuration cannot be used: see PROBLEM above.\n";
  return description;
}

std::string welcome(const net::Address& address, const FirstStart& first) {
  const std::string text = address.text();
  const std::string registry = "localhost:" + std::string(port_of(text));
  std::string out = "\nMoorgate serves https://" + registry + " (self-signed certificate)\n\n";
  out += "  user      admin\n  password  ";
  if (first.admin_password) {
    out += *first.admin_password +
           "   (shown this once; change it with:\n            moorgate htpasswd " +
           first.admin_file.string() + " admin)\n";
  } else {
    out += "as printed by the first start; set a new one with:\n            moorgate htpasswd " +
           first.admin_file.string() + " admin\n";
  }
  out +=
      "\nTry it (docker trusts a self-signed registry on localhost):\n\n"
      "  docker login -u admin " +
      registry +
      "\n"
      "  docker tag busybox " +
      registry +
      "/busybox\n"
      "  docker push " +
      registry +
      "/busybox\n"
      "  docker pull " +
      registry + "/busybox\n\n";
  return out;
}

}  // namespace moorgate::app
