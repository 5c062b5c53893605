#include "migrate/nginx_plan.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "migrate/nginx_directives.hpp"
#include "migrate/nginx_location.hpp"
#include "migrate/nginx_settings.hpp"
#include "migrate/nginx_tree.hpp"
#include "migrate/nginx_views.hpp"
#include "migrate/probes.hpp"
#include "migrate/repository_names.hpp"
#include "migrate/second_look.hpp"

namespace moorgate::migrate {
namespace {

namespace fs = std::filesystem;
using Servers = std::vector<const Directive*>;

/// What is asked to find out whether a server leads to a registry at all.
constexpr const char* kAnyManifest = "/v2/zz9/manifests/latest";
/// Bounds of what is tried once the rules are there.
constexpr std::size_t kProbes = 400;
/// By which paths, and in whose names, it is tried whether a server leads to a registry at all.
constexpr std::size_t kEntrances = 60;
constexpr std::size_t kEntrants = 200;

class Planner {
 public:
  Planner(const Directive& root, const NginxChoice& choice, const RegistrySide& registry,
          PasswordFiles& files, Plan& plan, Report& report)
      : tree_(parts_of(root)),
        choice_(choice),
        registry_(registry),
        files_(files),
        plan_(plan),
        report_(report) {}

  std::vector<config::Problem> run() {
    const Servers registries = find_registries();
    if (registries.empty()) {
      return {{tree_.outer.front()->place.file, 0, "",
               choice_.server.empty()
                   ? "no server leads to a registry: none has a proxy_pass that a request for /v2/ "
                     "of any user and repository that could be made up comes to"
                   : "no server named " + choice_.server + " leads to a registry"}};
    }
    Rights rights = rights_of(*registries.front(), report_);
    for (const Directive* server : registries) {
      if (server == registries.front()) continue;
      Report own;
      if (!(rights_of(*server, own) == rights)) return {different(*registries.front(), *server)};
      merge(own);
    }
    put_registrys_first(rights.files);
    add_rules(rights, files_, plan_, report_);
    for (const Directive* server : registries) look_again_at(*server, rights);
    for (const Directive* server : registries) add_server(*server);
    for (const Directive* server : others_) remark_neighbour(*server);
    merge_listeners();
    add_settings(tree_, registries, plan_, report_);
    for (const Directive* level : tree_.outer) remark_directives(*level, {}, report_);
    return {};
  }

 private:
  Gate ask(const Directive& server, Request request) {
    const auto names = names_of(server);
    request.server_name = names.empty() ? "" : names.front();
    // A request that names its host knows how it came, too.
    if (request.host.empty()) {
      request.host = names.empty() ? "localhost" : names.front();
      request.tls = speaks_tls(server);
    }
    Gate gate = gate_of({tree_.outer, server, tree_.maps, patterns_}, request);
    for (auto& file : gate.files) file.text = full(file.text);
    registry_.add_to(gate, request);
    return gate;
  }

  /// Whom the registry's own file kept out nginx's must not let in.
  void put_registrys_first(std::vector<std::string>& files) const {
    std::vector<std::string> first;
    for (const auto& own : registry_.files) {
      if (std::erase(files, own.text) > 0) first.push_back(own.text);
    }
    files.insert(files.begin(), first.begin(), first.end());
  }

  /// As nginx completes a file's name.
  std::string full(const std::string& file) const {
    return (choice_.prefix / file).lexically_normal().string();
  }

  /// A request that the server hands on to a registry, if there is one.
  Request entrance_of(const Directive& server) {
    std::vector<std::string> paths = {kAnyManifest};
    for (const auto& [repository, reference] : probes_of(tree_, server, kEntrances)) {
      paths.push_back(std::string("/v2/").append(repository).append("/manifests/") + reference);
    }
    std::vector<std::string> users = {"somebody"};
    for (const auto& name : names_mentioned(tree_, server)) {
      if (users.size() < kEntrants) users.push_back(name);
    }
    for (const auto& path : paths) {
      for (const auto& user : users) {
        const Request request{"GET", path, user};
        if (ask(server, request).way == Gate::Way::proxied) return request;
      }
    }
    return {"GET", kAnyManifest, "somebody"};
  }

  Servers find_registries() {
    Servers registries;
    for (const Directive* server : tree_.servers) {
      const Gate gate = ask(*server, entrance_of(*server));
      const auto names = names_of(*server);
      const bool asked =
          choice_.server.empty() || std::ranges::find(names, choice_.server) != names.end();
      if (gate.way == Gate::Way::proxied && asked) {
        registries.push_back(server);
      } else {
        remark_other(*server, gate);
      }
    }
    return registries;
  }

  void remark_other(const Directive& server, const Gate& gate) {
    const auto names = names_of(server);
    const std::string name = names.empty() ? "" : " " + names.front();
    if (gate.way == Gate::Way::proxied) {
      report_.not_needed.insert({server.place, "server" + name + ": not asked for"});
    } else if (const Directive* redirect = redirect_of(server)) {
      report_.not_needed.insert(
          {redirect->place,
           "server" + name +
               " sends http:// on to https://: no client of a "
               "registry follows that with a push; only the TLS port is listened on"});
    } else {
      others_.push_back(&server);
      report_.not_needed.insert(
          {server.place, "server" + name + ": leads to no registry and stays with nginx"});
    }
  }

  /// nginx serves others on an address that Moorgate is to have.
  void remark_neighbour(const Directive& server) {
    Report scratch;
    for (const auto& directive : server.children) {
      if (directive.name != "listen") continue;
      const auto listen = listen_of(directive, false, scratch);
      const bool shared = listen && std::ranges::find(plan_.listen, listen->address,
                                                      &Plan::Listen::address) != plan_.listen.end();
      if (!shared) continue;
      const auto names = names_of(server);
      report_.lost.insert(
          {directive.place, (names.empty() ? "another server" : names.front()) + " is on " +
                                listen->address +
                                " too, where only one program can listen: move "
                                "one, or keep nginx in front and trust it (trusted_proxies)"});
    }
  }

  static const Directive* redirect_of(const Directive& block) {
    for (const auto& directive : block.children) {
      const bool sends = (directive.name == "return" && directive.args.size() == 2 &&
                          directive.args[0].starts_with('3')) ||
                         (directive.name == "rewrite" && directive.args.size() >= 2);
      if (sends && directive.args[1].starts_with("https://")) return &directive;
      if (directive.name != "location" && directive.name != "if") continue;
      if (const Directive* inner = redirect_of(directive)) return inner;
    }
    return nullptr;
  }

  config::Problem different(const Directive& one, const Directive& other) const {
    const auto name = [](const Directive& server) {
      const auto names = names_of(server);
      return names.empty() ? "a server without a name" : names.front();
    };
    return {
        other.place.file, other.place.line, "",
        "the servers " + name(one) + " (line " + std::to_string(one.place.line) + ") and " +
            name(other) +
            " let different users do different things; import each for itself with --server NAME"};
  }

  Rights rights_of(const Directive& server, Report& report) {
    Rights rights = find_rights(question_about(server, report), files_, report);
    ask_for_lists(server, rights, report);
    return rights;
  }

  Question question_about(const Directive& server, Report& report) {
    Question question;
    question.ask = [this, &server](const Request& request) { return ask(server, request); };
    question.classes = repository_classes(tree_, server, report);
    question.named = names_mentioned(tree_, server);
    question.by_name = !question.named.empty();
    question.others = other_views_of(server);
    return question;
  }

  void look_again_at(const Directive& server, const Rights& rights) {
    const auto probes = probes_of(tree_, server, kProbes);
    if (probes.size() == kProbes) {
      report_.unclear.insert({server.place, "more paths are compared than can be tried"});
    }
    if (names_of(server).size() > kViewedNames) {
      report_.unclear.insert({server.place, "the server has more names than can be tried"});
    }
    look_again(question_about(server, report_), rights, probes, files_, plan_, report_);
  }

  /// Lists have no rights of their own here: who may pull may list.
  void ask_for_lists(const Directive& server, const Rights& rights, Report& report) {
    realm_ = ask(server, entrance_of(server));
    const Gate catalog = ask(server, {"GET", "/v2/_catalog"});
    const bool open =
        catalog.way == Gate::Way::proxied && catalog.files.empty() && catalog.narrowed.empty();
    if (open && rights.classes.front().who[0].kind != Who::Kind::anyone) {
      report.holes.insert({catalog.by, "the list of all repositories was open to anyone"});
    }
    const bool anybody = std::ranges::any_of(rights.classes, [](const RepositoryRights& entry) {
      return entry.who[0].kind != Who::Kind::nobody;
    });
    if (anybody && is_narrower(server, rights, "/v2/_catalog", kAnyManifest)) {
      report.lost.insert({catalog.by,
                          "/v2/_catalog was for fewer than may pull: now everybody sees in it what "
                          "he may pull"});
    }
    for (const auto& entry : rights.classes) {
      if (entry.who[0].kind == Who::Kind::nobody) continue;
      const std::string base = "/v2/" + example_of(entry.globs.back());
      for (const char* list : {"/tags/list", "/referrers/sha256:0"}) {
        if (!is_narrower(server, rights, base + list, base + "/manifests/latest")) continue;
        report.lost.insert({ask(server, {"GET", base + list}).by,
                            std::string(list).substr(1, std::string(list).find('/', 1) - 1) +
                                " of " + entry.globs.back() +
                                " were for fewer than may pull: now who may pull may list them"});
      }
    }
  }

  /// Whether somebody who gets through to `pull` does not to `list`.
  bool is_narrower(const Directive& server, const Rights& rights, const std::string& list,
                   const std::string& pull) {
    std::vector<std::string> names = {"", kSomebody};
    names.insert(names.end(), rights.users.begin(), rights.users.end());
    return std::ranges::any_of(names, [&](const std::string& name) {
      return lets_through(ask(server, {"GET", pull, name}), name) &&
             !lets_through(ask(server, {"GET", list, name}), name);
    });
  }

  bool lets_through(const Gate& gate, const std::string& name) {
    if (gate.way != Gate::Way::proxied || !gate.narrowed.empty()) return false;
    return std::ranges::all_of(gate.files, [&](const Remark& file) {
      const auto* entries = files_.find(file.text);
      return entries == nullptr ? !name.empty() : entries->contains(name);
    });
  }

  void merge(const Report& other) {
    report_.not_needed.insert(other.not_needed.begin(), other.not_needed.end());
    report_.lost.insert(other.lost.begin(), other.lost.end());
    report_.unclear.insert(other.unclear.begin(), other.unclear.end());
    report_.holes.insert(other.holes.begin(), other.holes.end());
  }

  void add_server(const Directive& server) {
    const bool tls = speaks_tls(server);
    for (const auto& directive : server.children) {
      if (directive.name != "listen") continue;
      // With the old `ssl on` every listener speaks TLS, else those that say so.
      const Directive* old = server.child("ssl");
      const bool all = old != nullptr && tls;
      if (auto listen = listen_of(directive, all, report_)) add_listener(*std::move(listen));
    }
    if (server.child("listen") == nullptr) {
      add_listener({.address = "0.0.0.0:80", .from = server.place});
    }
    if (tls) add_certificates(server);
    const auto names = names_of(server);
    if (tls && !plan_.public_url && !names.empty() && !plan_.listen.empty()) {
      const std::string& address = plan_.listen.front().address;
      const std::string port = address.substr(address.rfind(':') + 1);
      const bool usual = port == "443" || address.starts_with("unix:");
      plan_.public_url = Setting{"https://" + names.front() + (usual ? "" : ":" + port),
                                 server.child("server_name")->place};
    }
    if (!plan_.realm && !realm_.realm.empty()) plan_.realm = Setting{realm_.realm, realm_.by};
    add_upstream(server);
    remark_directives(server, relevant_locations(server), report_);
  }

  void add_listener(Plan::Listen listen) {
    const auto same = [&](const Plan::Listen& other) { return other.address == listen.address; };
    if (std::ranges::any_of(plan_.listen, same)) return;
    const bool unix_socket = listen.address.starts_with("unix:");
    if (!listen.tls && !unix_socket && !listen.open_to_local_users && !plan_.users.empty()) {
      report_.holes.insert(
          {listen.from, "passwords cross the network in clear: " + listen.address + " has no TLS"});
    }
    plan_.listen.push_back(std::move(listen));
  }

  /// 0.0.0.0:443 and [::]:443 are one listener, which takes both.
  void merge_listeners() {
    for (auto& listen : plan_.listen) {
      if (!listen.address.starts_with("0.0.0.0:")) continue;
      const std::string port = listen.address.substr(8);
      const auto six = std::ranges::find(plan_.listen, "[::]:" + port, &Plan::Listen::address);
      if (six == plan_.listen.end() || six->tls != listen.tls) continue;
      listen.address = ":" + port;
      plan_.listen.erase(six);
      return merge_listeners();
    }
  }

  void add_certificates(const Directive& server) {
    const Directive* level = &server;
    for (auto outer = tree_.outer.rbegin(); level->child("ssl_certificate") == nullptr; ++outer) {
      if (outer == tree_.outer.rend()) {
        report_.unclear.insert({server.place, "TLS without ssl_certificate"});
        return;
      }
      level = *outer;
    }
    Servers keys;
    for (const auto& directive : level->children) {
      if (directive.name == "ssl_certificate_key" && directive.args.size() == 1)
        keys.push_back(&directive);
    }
    std::size_t i = 0;
    for (const auto& directive : level->children) {
      if (directive.name != "ssl_certificate" || directive.args.size() != 1) continue;
      if (i == keys.size() || directive.args[0].contains('$') ||
          keys[i]->args[0].starts_with("engine:")) {
        report_.lost.insert(
            {directive.place,
             to_string(directive) + ": name one file, and one for its key, under tls"});
        continue;
      }
      const Directive& key = *keys[i++];
      Plan::Pair pair{full(directive.args[0]), full(key.args[0]), directive.place, key.place};
      if (std::ranges::find(plan_.certificates, pair) == plan_.certificates.end())
        plan_.certificates.push_back(std::move(pair));
    }
  }

  void add_upstream(const Directive& server) {
    const Request entrance = entrance_of(server);
    Gate gate = ask(server, entrance);
    // Of a registry and its mirror the one that is pushed to.
    Request push = entrance;
    push.method = "PUT";
    if (Gate other = ask(server, push); other.way == Gate::Way::proxied) gate = std::move(other);
    Servers ignored;
    const auto levels = choose_location(server, entrance.path, patterns_, ignored);
    const std::string prefix = levels.empty() ? "/" : name_of(*levels.back()).text;
    std::string url =
        upstream_of(tree_, {gate.target, gate.target_place}, prefix, entrance.path, report_);
    if (!plan_.upstream) {
      plan_.upstream = Setting{std::move(url), gate.target_place};
    } else if (plan_.upstream->value != url) {
      report_.lost.insert(
          {gate.target_place, "a second registry, " + url + "; only the first is taken over"});
    }
  }

  std::set<const Directive*> relevant_locations(const Directive& server) {
    std::set<const Directive*> relevant;
    Servers ignored;
    std::vector<std::string> paths = {"/v2/", "/v2/_catalog"};
    Report scratch;
    std::vector<Probe> probes = probes_of(tree_, server, kProbes);
    auto classes = repository_classes(tree_, server, scratch);
    classes.push_back({"**"});
    for (const auto& globs : classes) {
      for (const auto& glob : globs) probes.push_back({example_of(glob)});
    }
    for (const auto& [repository, reference] : probes) {
      const std::string base = "/v2/" + repository;
      paths.push_back(std::string(base).append("/manifests/").append(reference));
      for (const char* end :
           {"/blobs/sha256:0", "/blobs/uploads/", "/blobs/uploads/0", "/tags/list"}) {
        paths.push_back(std::string(base).append(end));
      }
    }
    for (const auto& path : paths) {
      const auto chosen = choose_location(server, path, patterns_, ignored);
      relevant.insert(chosen.begin(), chosen.end());
      if (const Directive* other = fallback_of(server, chosen)) relevant.insert(other);
    }
    return relevant;
  }

  const NginxTree tree_;
  const NginxChoice& choice_;
  const RegistrySide& registry_;
  PasswordFiles& files_;
  Plan& plan_;
  Report& report_;
  Patterns patterns_;
  Servers others_;  // that lead to no registry
  Gate realm_;      // of a request that is asked for a password, if any is
};

}  // namespace

std::vector<config::Problem> plan_nginx(const Directive& root, const NginxChoice& choice,
                                        const RegistrySide& registry, PasswordFiles& files,
                                        Plan& plan, Report& report) {
  return Planner(root, choice, registry, files, plan, report).run();
}

}  // namespace moorgate::migrate
