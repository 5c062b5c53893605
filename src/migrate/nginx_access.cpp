#include <algorithm>
#include <optional>
#include <ranges>
#include <set>
#include <string_view>
#include <utility>

#include "migrate/nginx_gate.hpp"

/// nginx's access phase: allow and deny, auth_basic, auth_request, and `satisfy` over them.
namespace moorgate::migrate {
namespace {

using Levels = std::vector<const Directive*>;

/// What allow and deny say to a client of whom no rule speaks by address.
struct Networks {
  enum class Kind { no_rules, all, nobody, only_some, all_but_some };
  Kind kind = Kind::no_rules;
  std::string named;    // the addresses that rules speak of: "10.0.0.0/8, 192.168.0.1"
  bool passed = false;  // a rule says yes, which `satisfy any` takes for an answer
  Place place;          // of the first rule
};

bool is_network_rule(const Directive& directive) {
  return (directive.name == "allow" || directive.name == "deny") && directive.args.size() == 1;
}

void judge(const Directive& level, Networks& out) {
  bool some_allowed = false;
  bool some_denied = false;
  std::optional<bool> for_all;
  for (const auto& rule : level.children) {
    if (!is_network_rule(rule) || for_all) continue;
    if (out.place.file.empty()) out.place = rule.place;
    const bool allows = rule.name == "allow";
    if (rule.args[0] == "all") {
      for_all = allows;
      continue;
    }
    (allows ? some_allowed : some_denied) = true;
    out.named += (out.named.empty() ? "" : ", ") + rule.args[0];
  }
  out.passed = for_all.value_or(false);
  if (for_all.value_or(true)) {
    out.kind = some_denied ? Networks::Kind::all_but_some : Networks::Kind::all;
  } else {
    out.kind = some_allowed ? Networks::Kind::only_some : Networks::Kind::nobody;
  }
}

Networks networks_of(const Levels& levels) {
  Networks networks;
  for (const Directive* level : levels | std::views::reverse) {
    if (!std::ranges::any_of(level->children, is_network_rule)) continue;
    judge(*level, networks);
    break;
  }
  return networks;
}

/// A password is asked for: true, with the file in `gate`.
bool ask_for_password(const Levels& levels, Values& values, Gate& gate) {
  const Directive* basic = inherited(levels, "auth_basic");
  if (basic == nullptr || basic->args.empty()) return false;
  const auto realm = values.expand(basic->args[0]);
  if (!realm) {
    gate.unclear.push_back({basic->place, "whether a password is asked for depends on " +
                                              values.unknown() + "; taken as yes"});
  } else if (*realm == "off") {
    return false;
  }
  const Directive* file = inherited(levels, "auth_basic_user_file");
  if (file == nullptr || file->args.empty()) {
    gate.holes.push_back(
        {basic->place, "auth_basic without auth_basic_user_file asks nobody for a password"});
    return false;
  }
  auto path = values.expand(file->args[0]);
  if (!path) {
    gate.unclear.push_back(
        {file->place, "the password file's name depends on " + values.unknown()});
    path = file->args[0];
  }
  gate.files.push_back({file->place, std::move(*path)});
  gate.realm = realm.value_or("");
  gate.by = basic->place;
  return true;
}

/// Of modules that nginx does not bring along: who knows what they let through.
bool decides_by_itself(std::string_view name) {
  for (const std::string_view known :
       {"auth_basic", "auth_basic_user_file", "auth_request", "auth_request_set", "auth_delay",
        "auth_jwt_key_file", "auth_ldap_servers", "access_by_lua_no_postpone"}) {
    if (name == known) return false;
  }
  if (name.starts_with("auth_ldap_cache")) return false;
  for (const std::string_view begin : {"auth_", "access_by_", "rewrite_by_", "js_access", "njs_",
                                       "lasso_", "oidc_", "gss", "shib_"}) {
    if (name.starts_with(begin)) return true;
  }
  return false;
}

/// Another service is asked: its place, or nullopt.
std::optional<Remark> external_service(const Levels& levels) {
  const Directive* request = inherited(levels, "auth_request");
  if (request != nullptr && !request->args.empty() && request->args[0] != "off") {
    return Remark{request->place, "auth_request " + request->args[0] +
                                      " asks another service, which decides by rules of its own"};
  }
  std::set<std::string_view> off;
  for (const Directive* level : levels | std::views::reverse) {
    for (const auto& directive : level->children) {
      if (!decides_by_itself(directive.name) || off.contains(directive.name)) continue;
      if (!directive.args.empty() && directive.args[0] == "off") {
        off.insert(directive.name);
        continue;
      }
      return Remark{directive.place, directive.name + " decides by rules of its own"};
    }
  }
  return std::nullopt;
}

void refuse(Gate& gate, const Place& by) {
  gate.way = Gate::Way::refused;
  gate.by = by;
}

void satisfy_all(const Networks& networks, std::optional<Remark> service, Gate& gate) {
  using Kind = Networks::Kind;
  if (networks.kind == Kind::nobody) return refuse(gate, networks.place);
  if (networks.kind == Kind::only_some) {
    gate.narrowed.push_back({networks.place, "only " + networks.named + " got through"});
  }
  if (networks.kind == Kind::all_but_some) {
    gate.narrowed.push_back({networks.place, networks.named + " was not let through by address"});
  }
  if (service) gate.narrowed.push_back(std::move(*service));
}

void satisfy_any(const Networks& networks, std::optional<Remark> service, bool password,
                 Gate& gate) {
  using Kind = Networks::Kind;
  if (networks.kind == Kind::no_rules && !(service && password)) {
    return satisfy_all(networks, std::move(service), gate);
  }
  if (networks.passed) {
    gate.files.clear();
    if (networks.kind == Kind::all_but_some) {
      gate.narrowed.push_back({networks.place, networks.named + " needed a password"});
    }
    gate.holes.push_back(
        {networks.place, "satisfy any with allow all: the password is never asked for"});
    return;
  }
  if (!password && !service) return satisfy_all(networks, std::nullopt, gate);
  if (networks.kind == Kind::only_some) {
    gate.bypassed.push_back({networks.place, networks.named + " got through without a password"});
  }
  if (!password) {
    gate.narrowed.push_back(std::move(*service));
  } else if (service) {
    gate.bypassed.push_back(
        {service->place, "satisfy any: " + service->text + " instead of a password"});
  }
}

}  // namespace

const Directive* inherited(const Levels& levels, std::string_view name) {
  for (const Directive* level : levels | std::views::reverse) {
    if (const Directive* found = level->child(name)) return found;
  }
  return nullptr;
}

void ask_for_access(const Levels& levels, Values& values, Gate& gate) {
  const Networks networks = networks_of(levels);
  const bool password = ask_for_password(levels, values, gate);
  auto service = external_service(levels);
  const Directive* satisfy = inherited(levels, "satisfy");
  const bool any = satisfy != nullptr && !satisfy->args.empty() && satisfy->args[0] == "any";
  if (any) {
    satisfy_any(networks, std::move(service), password, gate);
  } else {
    satisfy_all(networks, std::move(service), gate);
  }
  const Directive* verify = inherited(levels, "ssl_verify_client");
  if (verify != nullptr && !verify->args.empty() && verify->args[0] == "on") {
    gate.narrowed.push_back({verify->place, "a certificate of the client was demanded"});
  }
}

}  // namespace moorgate::migrate
