#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "config/value.hpp"
#include "migrate/distribution_config.hpp"
#include "migrate/distribution_keys.hpp"

/// From a registry's configuration to what Moorgate does in its place.
namespace moorgate::migrate {
namespace {

using config::Node;

Place place_of(const Node& node, const std::string& file) {
  return node.variable.empty() ? Place{file, node.line} : Place{node.variable, 0};
}

/// The limits of shutdown_timeout and storage.upload_expiry.
struct Range {
  std::chrono::seconds least;
  std::chrono::seconds most;
};
constexpr Range kShutdown = {std::chrono::seconds(0), std::chrono::hours(1)};
constexpr Range kUploadExpiry = {std::chrono::seconds(60), std::chrono::days(36'500)};

class Planner {
 public:
  Planner(const DistributionConfig& config, bool for_itself, Plan& plan, Report& report)
      : config_(config), for_itself_(for_itself), plan_(plan), report_(report) {}

  RegistrySide run(const std::string& file) {
    file_ = file;
    remark(config_.root, "");
    for (const auto& variable : config_.ignored) {
      report_.unclear.insert({{variable, 0}, "names no setting of the registry"});
    }
    for (const auto& variable : config_.out_of_reach) {
      report_.unclear.insert(
          {{variable, 0},
           "the registry ignores it, because its file has that section, and so is it here; change "
           "the file"});
    }
    read_storage();
    read_auth();
    read_http();
    read_log();
    if (const Node* url = find("proxy/remoteurl"); url != nullptr && !url->text.empty()) {
      impossible(
          *url, "proxy.remoteurl",
          "the registry is a cache of another one, which Moorgate cannot yet be in its place");
    }
    return std::move(side_);
  }

 private:
  const Node* find(std::string_view path) const {
    const Node* node = &config_.root;
    while (node != nullptr && !path.empty()) {
      const std::size_t end = std::min(path.find('/'), path.size());
      node = node->member(path.substr(0, end));
      path.remove_prefix(std::min(path.size(), end + 1));
    }
    return node;
  }

  Place place(const Node& node) const { return place_of(node, file_); }

  std::optional<Setting> text(std::string_view path) const {
    const Node* node = find(path);
    if (node == nullptr || node->kind != Node::Kind::scalar || node->text.empty())
      return std::nullopt;
    return Setting{node->text, place(*node)};
  }

  bool flag(std::string_view path) const {
    const Node* node = find(path);
    return node != nullptr && registry_bool(*node).value_or(false);
  }

  void impossible(const Node& at, std::string key, std::string message) {
    const Place where = place(at);
    side_.impossible.push_back({where.file, where.line, std::move(key), std::move(message)});
  }

  /// Every leaf is either read below, known to be needless, known to be lost, or not understood.
  void remark(const Node& node, const std::string& path) {
    if (node.kind == Node::Kind::mapping || node.kind == Node::Kind::list) {
      for (std::size_t i = 0; i < node.children.size(); ++i) {
        const Node& child = node.children[i];
        const std::string name = child.key.empty() ? std::to_string(i) : child.key;
        remark(child, path.empty() ? name : std::string(path).append(1, '/').append(name));
      }
      if (!node.children.empty()) return;
    }
    if (path.empty()) return;
    std::string key = path;
    std::ranges::replace(key, '/', '.');
    const auto [becomes, why] = fate_of(path);
    const std::string explained = key + ": " + std::string(why);
    if (becomes == KeyFate::Kind::not_needed) {
      report_.not_needed.insert({place(node), explained});
    } else if (becomes == KeyFate::Kind::lost) {
      report_.lost.insert({place(node), explained});
    } else if (becomes == KeyFate::Kind::unknown && !is_foreign_storage(path)) {
      report_.unclear.insert({place(node), key});
    }
  }

  static bool is_foreign_storage(std::string_view path) {
    if (!path.starts_with("storage/")) return false;
    const std::string_view kind = path.substr(8, path.find('/', 8) - 8);
    return kind == "s3" || kind == "azure" || kind == "gcs" || kind == "swift" || kind == "oss" ||
           kind == "inmemory" || kind == "s3aws" || kind == "s3goamz";
  }

  void read_storage() {
    static constexpr std::array<std::string_view, 6> kSettings = {
        "maintenance", "cache", "delete", "redirect", "tag", "readonly"};
    side_.root = "/var/lib/registry";
    const Node* storage = find("storage");
    if (storage == nullptr) {
      impossible(config_.root, "storage", "no storage is configured");
      return;
    }
    side_.root_from = place(*storage);
    if (storage->kind == Node::Kind::scalar && storage->text != "filesystem") {
      impossible(*storage, "storage", foreign(storage->text));
    }
    const Node* chosen = nullptr;
    for (const auto& child : storage->children) {
      if (std::ranges::find(kSettings, child.key) != kSettings.end()) continue;
      if (chosen != nullptr) {
        impossible(child, "storage",
                   "names " + chosen->key + " and " + child.key +
                       "; the registry would not start with both");
      }
      chosen = &child;
      if (child.key != "filesystem") impossible(child, "storage." + child.key, foreign(child.key));
    }
    if (const auto root = text("storage/filesystem/rootdirectory")) {
      side_.root = root->value;
      side_.root_from = root->from;
    }
    side_.deletes = flag("storage/delete/enabled");
    const Node* deletes = find("storage/delete/enabled");
    side_.deletes_from = deletes == nullptr ? side_.root_from : place(*deletes);
    read_readonly();
    read_purging();
  }

  /// What is not understood here must not end in a registry that everybody may write to.
  void read_readonly() {
    const Node* maintenance = find("storage/maintenance");
    if (maintenance == nullptr || maintenance->kind == Node::Kind::null) return;
    if (maintenance->kind != Node::Kind::mapping) {
      return impossible(*maintenance, "storage.maintenance",
                        "is no section; the registry would not start");
    }
    const Node* readonly = maintenance->member("readonly");
    if (readonly == nullptr) return;
    if (readonly->kind != Node::Kind::mapping) {
      return impossible(*readonly, "storage.maintenance.readonly",
                        "is no section with `enabled` in it; the registry would not start");
    }
    for (const auto& child : readonly->children) {
      const std::string key = "storage.maintenance.readonly." + child.key;
      const auto value = registry_bool(child);
      if (child.key != "enabled") {
        impossible(child, key, "is not known; take it out, or write `enabled` if that is meant");
      } else if (!value) {
        impossible(child, key,
                   "is neither true nor false without quotes; the registry would not start");
      } else if (*value) {
        side_.writes = false;
        side_.writes_from = place(child);
      }
    }
  }

  void read_purging() {
    const Node* enabled = find("storage/maintenance/uploadpurging/enabled");
    if (enabled != nullptr && registry_bool(*enabled) == false) {
      report_.lost.insert(
          {place(*enabled),
           "uploadpurging: unfinished uploads always end after storage.upload_expiry"});
    }
    plan_.upload_expiry = duration("storage/maintenance/uploadpurging/age", kUploadExpiry);
  }

  /// A duration within what Moorgate has: the registry runs with any, so none may end the start.
  std::optional<Setting> duration(std::string_view path, const Range& range) {
    const Node* node = find(path);
    if (node == nullptr || node->kind == Node::Kind::null) return std::nullopt;
    std::string key(path);
    std::ranges::replace(key, '/', '.');
    const auto given = registry_duration(*node);
    if (!given) {
      report_.unclear.insert(
          {place(*node), key + ": " + moorgate::quoted(node->text) + " is no duration"});
      return std::nullopt;
    }
    // Moorgate's own are written without fractions and count in seconds.
    const auto nearest =
        std::clamp(std::chrono::ceil<std::chrono::seconds>(*given), range.least, range.most);
    if (nearest == *given && config::parse_duration(node->text)) {
      return Setting{node->text, place(*node)};
    }
    std::string value = config::print_duration(nearest);
    if (nearest != *given) {
      report_.lost.insert({place(*node), key + ": " + node->text + " is not possible; " + value +
                                             " is the nearest that is"});
    }
    return Setting{std::move(value), place(*node)};
  }

  static std::string foreign(const std::string& kind) {
    return "the images are in " + kind +
           " and Moorgate stores in a filesystem; keep the registry and put "
           "Moorgate in front of it: moorgate import NGINX_CONF --keep-registry, or `upstream` in "
           "a moorgate.yml";
  }

  void read_auth() {
    if (auto realm = text("auth/htpasswd/realm")) side_.realm = std::move(realm);
    const Node* auth = find("auth");
    if (auth == nullptr) return;
    if (!is_one_known_scheme(*auth)) {
      // Where the registry stays, that it cannot be replaced does not matter, but this does.
      side_.narrowed.push_back({place(*auth), "auth is not understood"});
      return;
    }
    if (const Node* htpasswd = find("auth/htpasswd")) {
      const auto path = text("auth/htpasswd/path");
      if (path) {
        side_.files.push_back({path->from, path->value});
      } else {
        impossible(*htpasswd, "auth.htpasswd.path", "is missing; the registry would not start");
      }
    }
    if (const Node* token = find("auth/token")) {
      side_.narrowed.push_back(
          {place(*token),
           "auth.token: users come from a token service, whose tokens are not accepted"});
    }
    if (const Node* silly = find("auth/silly")) {
      side_.narrowed.push_back({place(*silly), "auth.silly asked for any password and took it"});
    }
  }

  /// Whoever wrote something under `auth` wanted a password asked for, or `none`: anything else
  /// must not end in a registry that asks nobody. No `auth`, or an empty one, is what the registry
  /// takes for none.
  bool is_one_known_scheme(const Node& auth) {
    static constexpr auto kSchemes =
        std::to_array<std::string_view>({"htpasswd", "token", "silly", "none"});
    const std::size_t before = side_.impossible.size();
    if (auth.kind == Node::Kind::list) {
      impossible(auth, "auth", "is a list and no section; the registry would not start");
    } else if (auth.kind == Node::Kind::scalar && !auth.text.empty() && auth.text != "none") {
      impossible(auth, "auth",
                 "auth." + auth.text + " has no settings; the registry would not start");
    } else if (auth.children.size() > 1) {
      impossible(auth.children[1], "auth",
                 "names " + auth.children[0].key + " and " + auth.children[1].key +
                     "; the registry would not start with both");
    } else if (auth.children.size() == 1) {
      const Node& scheme = auth.children.front();
      if (std::ranges::find(kSchemes, scheme.key) == kSchemes.end()) {
        impossible(
            scheme, "auth." + scheme.key,
            "is no way to sign in that is known; the registry has htpasswd, token and silly");
      } else if (scheme.key == "none" && !scheme.children.empty()) {
        const Node& inner = scheme.children.front();
        impossible(inner, "auth.none." + inner.key,
                   "is not known where nobody signs in; take it out, or auth.none");
      }
    }
    return side_.impossible.size() == before;
  }

  void read_http() {
    for (const std::string_view path : {"http/tls/clientcas", "http/tls/clientauth"}) {
      if (const Node* found = find(path); found != nullptr && found->kind != Node::Kind::null) {
        side_.narrowed.push_back(
            {place(*found), "http.tls: a certificate of the client was demanded"});
        break;
      }
    }
    read_unknown_tls();
    read_middleware();
    if (const auto prefix = text("http/prefix"); prefix && prefix->value != "/") {
      report_.lost.insert(
          {prefix->from, "http.prefix " + prefix->value + ": the API is always at /v2/"});
    }
    if (for_itself_) read_listener();
    if (const auto debug = text("http/debug/addr")) {
      if (flag("http/debug/prometheus/enabled")) {
        plan_.others.push_back({"metrics", "listen", {address(debug->value), debug->from}});
      } else {
        report_.lost.insert(
            {debug->from, "http.debug.addr: the debug server; for metrics set metrics.listen"});
      }
    }
    if (auto drain = duration("http/draintimeout", kShutdown)) {
      plan_.others.push_back({"", "shutdown_timeout", *std::move(drain)});
    }
  }

  /// A setting of TLS that is not known may have kept clients out.
  void read_unknown_tls() {
    static constexpr auto kKnown =
        std::to_array<std::string_view>({"certificate", "key", "clientcas", "clientauth",
                                         "letsencrypt", "minimumtls", "ciphersuites"});
    const Node* tls = find("http/tls");
    if (tls == nullptr) return;
    for (const auto& child : tls->children) {
      if (std::ranges::find(kKnown, child.key) != kKnown.end()) continue;
      side_.narrowed.push_back({place(child), "http.tls." + child.key + " is not known"});
    }
  }

  /// The registry's own only changes where content comes from; one at another place is somebody's
  /// addition and may have refused requests.
  void read_middleware() {
    const Node* middleware = find("middleware");
    if (middleware == nullptr) return;
    for (const auto& layer : middleware->children) {
      if (layer.key == "storage") continue;
      for (const auto& entry : layer.children) {
        const Node* disabled = entry.member("disabled");
        if (disabled != nullptr && registry_bool(*disabled) == true) continue;
        side_.narrowed.push_back(
            {place(entry), "middleware." + layer.key + ": what it is may have refused requests"});
      }
    }
  }

  static std::string address(const std::string& text) {
    return text.starts_with("localhost:") ? "127.0.0.1" + text.substr(9) : text;
  }

  void read_listener() {
    const auto addr = text("http/addr").value_or(Setting{":5000", place(config_.root)});
    const bool unix_socket = text("http/net").value_or(Setting{}).value == "unix";
    Plan::Listen listen{.address = unix_socket ? "unix:" + addr.value : address(addr.value),
                        .from = addr.from};
    const auto certificate = text("http/tls/certificate");
    const auto key = text("http/tls/key");
    if (certificate && key) {
      listen.tls = true;
      plan_.certificates.push_back({certificate->value, key->value, certificate->from, key->from});
    }
    if (certificate && !key) {
      impossible(*find("http/tls/certificate"), "http.tls.certificate",
                 "the key is missing; the registry would not start");
    }
    if (const Node* acme = find("http/tls/letsencrypt/cachefile")) {
      impossible(*acme, "http.tls.letsencrypt",
                 "certificates are not fetched; let an ACME client write them and "
                 "name them in http.tls.certificate and http.tls.key");
    }
    const bool loopback = listen.address.starts_with("127.") || listen.address.starts_with("[::1]");
    listen.open_to_local_users = loopback && !listen.tls;
    if (!listen.tls && !unix_socket && !side_.files.empty() && !loopback) {
      report_.holes.insert(
          {addr.from, "passwords cross the network in clear: " + listen.address + " has no TLS"});
    }
    plan_.listen.push_back(std::move(listen));
    if (auto host = text("http/host"); host && host->value.contains("://")) {
      while (host->value.ends_with('/')) host->value.pop_back();
      plan_.public_url = std::move(host);
    }
  }

  void read_log() {
    auto level = text("log/level");
    if (!level) level = text("loglevel");
    if (level) {
      const bool known =
          level->value == "debug" || level->value == "info" || level->value == "error";
      if (level->value == "warn") level->value = "warning";
      if (known || level->value == "warning") plan_.others.push_back({"log", "level", *level});
    }
    if (const auto format = text("log/formatter"); format && format->value != "text") {
      plan_.others.push_back({"log", "format", {"json", format->from}});
    }
  }

  const DistributionConfig& config_;
  const bool for_itself_;
  Plan& plan_;
  Report& report_;
  RegistrySide side_;
  std::string file_;
};

}  // namespace

void RegistrySide::add_to(Gate& gate, const Request& request) const {
  if (gate.way != Gate::Way::proxied) return;
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!writes && !reads) {
    gate.way = Gate::Way::refused;
    gate.by = writes_from;
  } else if (!deletes && request.method == "DELETE") {
    gate.way = Gate::Way::refused;
    gate.by = deletes_from;
  }
  for (const auto& file : files) {
    const auto same = [&](const Remark& other) { return other.text == file.text; };
    if (std::ranges::none_of(gate.files, same)) gate.files.push_back(file);
  }
  gate.narrowed.insert(gate.narrowed.end(), narrowed.begin(), narrowed.end());
}

RegistrySide plan_distribution(const DistributionConfig& config, const std::string& file,
                               bool for_itself, Plan& plan, Report& report) {
  return Planner(config, for_itself, plan, report).run(file);
}

}  // namespace moorgate::migrate
