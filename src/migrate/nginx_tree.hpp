#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "migrate/nginx_config.hpp"
#include "migrate/nginx_gate.hpp"
#include "migrate/plan.hpp"

namespace moorgate::migrate {

/// The parts of a configuration that a plan is made of. Points into `root`, which must not move.
struct NginxTree {
  std::vector<const Directive*> outer;  // the file, http
  std::vector<const Directive*> servers;
  std::vector<const Directive*> maps;
  std::vector<const Directive*> upstreams;
};

/// `root` holds the whole file; a file without `http`, as in conf.d, is the inside of one.
NginxTree parts_of(const Directive& root);

/// The names of a server that a client could write.
std::vector<std::string> names_of(const Directive& server);
bool speaks_tls(const Directive& server);

/// Classes of repositories that locations, maps and conditions tell apart; what cannot be made
/// into names is reported.
std::vector<std::vector<std::string>> repository_classes(const NginxTree& tree,
                                                         const Directive& server, Report& report);

/// Words in maps and conditions that could be users' names; empty if $remote_user is not used.
std::set<std::string> names_mentioned(const NginxTree& tree, const Directive& server);

/// Where clients connect. Nothing, with the reason reported, if it cannot be carried over.
std::optional<Plan::Listen> listen_of(const Directive& listen, bool tls, Report& report);

/// The address of a registry: `target` of proxy_pass, in the location `prefix` for a request of the
/// path `asked`, with names of `upstream` blocks looked up.
std::string upstream_of(const NginxTree& tree, const Setting& target, std::string_view prefix,
                        std::string_view asked, Report& report);

}  // namespace moorgate::migrate
