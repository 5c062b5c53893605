#include "migrate/nginx_tree.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "migrate/nginx_location.hpp"
#include "migrate/repository_names.hpp"

namespace moorgate::migrate {
namespace {

/// Of http://unix:/run/registry.sock:/path without its scheme: up to the second colon.
std::string socket_of(std::string_view host) {
  return std::string(host.substr(0, host.find(':', sizeof "unix:" - 1)));
}

void collect(const Directive& block, NginxTree& tree) {
  for (const auto& directive : block.children) {
    if (directive.name == "server" && directive.block) tree.servers.push_back(&directive);
    if (directive.name == "map" && directive.block) tree.maps.push_back(&directive);
    if (directive.name == "upstream" && directive.block) tree.upstreams.push_back(&directive);
  }
}

class ClassFinder {
 public:
  explicit ClassFinder(Report& report) : report_(report) {}

  void look_at_map(const Directive& map) {
    const std::string source = map.args.empty() ? "" : map.args[0];
    const bool of_path = source.contains("uri");
    for (const auto& entry : map.children) {
      if (!entry.name.contains("/v2") && !(of_path && entry.name.starts_with('~'))) continue;
      const std::size_t skip = entry.name.starts_with("~*") ? 2 : 1;
      if (entry.name.starts_with('~')) {
        // In "$request_method:$uri" the path stands behind something.
        const std::size_t at = entry.name.find("/v2");
        const bool first = source == "$uri" || source == "$request_uri";
        const std::string regex = first || at == std::string::npos ? entry.name.substr(skip)
                                                                   : "^" + entry.name.substr(at);
        add(entry, repositories_of_regex(regex));
      } else if (!entry.name.starts_with('\\')) {
        add(entry, repositories_of_prefix(entry.name));
      }
    }
  }

  void look_into(const Directive& block) {
    for (const auto& directive : block.children) {
      if (directive.name == "if") look_at_condition(directive);
      if (directive.name != "location") continue;
      const auto [modifier, text] = name_of(directive);
      if (modifier.starts_with('~')) {
        add(directive, repositories_of_regex(text));
      } else if (modifier != "@") {
        add(directive, repositories_of_prefix(text));
      }
      look_into(directive);
    }
  }

  std::vector<Globs> classes;

 private:
  void look_at_condition(const Directive& directive) {
    if (directive.args.size() < 3 || !directive.args[1].contains('~')) return;
    if (!directive.args[0].contains("uri")) return;
    std::string regex = directive.args[2];
    if (directive.args.size() == 3 && regex.ends_with(')')) regex.pop_back();
    add(directive, repositories_of_regex(regex));
  }

  void add(const Directive& from, std::optional<Globs> globs) {
    if (!globs) {
      report_.unclear.insert(
          {from.place, to_string(from) + ": which repositories this is about cannot be told"});
    } else if (!globs->empty() && std::ranges::find(classes, *globs) == classes.end()) {
      classes.push_back(*std::move(globs));
    }
  }

  Report& report_;
};

void collect_words(const Directive& directive, std::set<std::string>& into) {
  const auto add = [&](std::string_view text) {
    std::string word;
    for (const char c : std::string(text) + " ") {
      const bool part = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '@';
      if (part) {
        word += c;
      } else if (!word.empty()) {
        into.insert(std::exchange(word, {}));
      }
    }
  };
  add(directive.name);
  for (const auto& arg : directive.args) add(arg);
  for (const auto& child : directive.children) collect_words(child, into);
}

bool mentions_user(const Directive& directive) {
  const auto here = [](const std::string& text) {
    return text.contains("$remote_user") || text.contains("${remote_user}") ||
           text.contains("$http_authorization");
  };
  // Handing the name on to the registry decides nothing.
  if (directive.name == "proxy_set_header" || directive.name == "log_format") return false;
  return std::ranges::any_of(directive.args, here) ||
         std::ranges::any_of(directive.children, mentions_user);
}

}  // namespace

NginxTree parts_of(const Directive& root) {
  NginxTree tree;
  tree.outer.push_back(&root);
  const bool whole = root.child("http") != nullptr;
  for (const auto& directive : root.children) {
    if (directive.name != "http") continue;
    if (tree.outer.size() == 1) tree.outer.push_back(&directive);
    collect(directive, tree);
  }
  if (!whole) collect(root, tree);
  return tree;
}

std::vector<std::string> names_of(const Directive& server) {
  std::vector<std::string> names;
  for (const auto& directive : server.children) {
    if (directive.name != "server_name") continue;
    for (const auto& name : directive.args) {
      const bool plain =
          !name.empty() && name != "_" && name.find_first_of("*~$\"") == std::string::npos;
      if (plain && name != "localhost")
        names.push_back(name.starts_with('.') ? name.substr(1) : name);
    }
  }
  return names;
}

bool speaks_tls(const Directive& server) {
  const Directive* old = server.child("ssl");
  if (old != nullptr && !old->args.empty() && old->args[0] == "on") return true;
  return std::ranges::any_of(server.children, [](const Directive& directive) {
    return directive.name == "listen" &&
           std::ranges::find(directive.args, "ssl") != directive.args.end();
  });
}

std::vector<Globs> repository_classes(const NginxTree& tree, const Directive& server,
                                      Report& report) {
  ClassFinder finder(report);
  for (const Directive* map : tree.maps) finder.look_at_map(*map);
  finder.look_into(server);
  return std::move(finder.classes);
}

std::set<std::string> names_mentioned(const NginxTree& tree, const Directive& server) {
  const bool used =
      mentions_user(server) ||
      std::ranges::any_of(tree.maps, [](const Directive* map) { return mentions_user(*map); });
  std::set<std::string> words;
  if (!used) return words;
  for (const Directive* map : tree.maps) collect_words(*map, words);
  collect_words(server, words);
  return words;
}

std::optional<Plan::Listen> listen_of(const Directive& listen, bool tls, Report& report) {
  if (listen.args.empty()) return std::nullopt;
  Plan::Listen out{.address = listen.args[0], .tls = tls, .from = listen.place};
  const auto has = [&](std::string_view word) {
    return std::ranges::find(listen.args, word) != listen.args.end();
  };
  if (has("ssl")) out.tls = true;
  out.proxy_protocol = has("proxy_protocol");
  std::string& address = out.address;
  if (address.starts_with("unix:")) return out;
  if (parse_decimal<std::uint16_t>(address)) address = "0.0.0.0:" + address;
  if (address.starts_with("*:")) address = "0.0.0.0" + address.substr(1);
  if (address.starts_with("localhost")) address = "127.0.0.1" + address.substr(9);
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || address.ends_with(']')) address += ":80";
  const std::string host = address.substr(0, address.rfind(':'));
  const bool numeric =
      host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string::npos;
  if (!numeric) {
    report.lost.insert({listen.place, "listen " + listen.args[0] +
                                          ": write the IP address of the name under listen"});
    return std::nullopt;
  }
  const bool loopback = host.starts_with("127.") || host == "[::1]";
  out.open_to_local_users = loopback && !out.tls;
  return out;
}

std::string upstream_of(const NginxTree& tree, const Setting& target, std::string_view prefix,
                        std::string_view asked, Report& report) {
  const std::size_t scheme_end = target.value.find("://");
  if (scheme_end == std::string::npos) {
    report.unclear.insert({target.from, "proxy_pass " + target.value + " is no URL"});
    return target.value;
  }
  const std::string scheme = target.value.substr(0, scheme_end + 3);
  std::string host = target.value.substr(scheme_end + 3);
  std::string path;
  if (host.starts_with("unix:")) {
    const std::string socket = socket_of(host);
    path = host.substr(std::min(host.size(), socket.size() + 1));
    host = socket;
  } else {
    path = host.substr(std::min(host.size(), host.find('/')));
    host = host.substr(0, host.find('/'));
  }
  if (!path.empty() && path != prefix && path != asked) {
    report.lost.insert({target.from, "proxy_pass " + target.value + " puts " + path +
                                         " in place of " + std::string(prefix) +
                                         "; the registry is asked at /v2/ itself now"});
  }
  for (const Directive* upstream : tree.upstreams) {
    if (upstream->args.empty() || upstream->args[0] != host) continue;
    std::vector<const Directive*> servers;
    for (const auto& server : upstream->children) {
      if (server.name == "server" && !server.args.empty()) servers.push_back(&server);
    }
    if (servers.empty()) break;
    const auto is_used = [](const Directive* server) {
      const auto& args = server->args;
      return std::ranges::find(args, "down") == args.end() &&
             std::ranges::find(args, "backup") == args.end();
    };
    const auto used = std::ranges::find_if(servers, is_used);
    const Directive* const chosen = used == servers.end() ? servers.front() : *used;
    for (const Directive* server : servers) {
      if (server == chosen) continue;
      report.lost.insert({server->place, "server " + server->args[0] + " of upstream " + host +
                                             ": only " + chosen->args[0] + " is used"});
    }
    host = chosen->args[0];
    break;
  }
  if (!host.starts_with("unix:")) return scheme + host;
  if (scheme != "http://") {
    report.lost.insert({target.from, "proxy_pass " + target.value + ": no TLS on a Unix socket"});
  }
  return socket_of(host);
}

}  // namespace moorgate::migrate
