#include "migrate/nginx_views.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "migrate/nginx_tree.hpp"

namespace moorgate::migrate {
namespace {

std::string port_of(const Directive& server) {
  Report ignored;
  const Directive* listen = server.child("listen");
  const auto read = listen == nullptr ? std::nullopt : listen_of(*listen, false, ignored);
  return read ? read->address.substr(read->address.rfind(':') + 1) : "80";
}

}  // namespace

std::vector<View> other_views_of(const Directive& server) {
  std::vector<View> views;
  const bool tls = speaks_tls(server);
  auto names = names_of(server);
  const std::string host = names.empty() ? "localhost" : names.front();
  if (names.size() > kViewedNames) names.resize(kViewedNames);
  for (const auto& name : names) {
    if (name != host) views.push_back({.host = name, .tls = tls, .shown = " at " + name});
  }
  views.push_back({.host = host + ":" + port_of(server),
                   .tls = tls,
                   .shown = " at the same name with its port",
                   .refusal = View::Refusal::is_no_matter});
  views.push_back({.host = host,
                   .tls = tls,
                   .forwarded_proto = "",
                   .shown = " without X-Forwarded-Proto",
                   .refusal = View::Refusal::is_no_matter});
  views.push_back({.host = "zz9.invalid",
                   .tls = tls,
                   .shown = " at another name",
                   .refusal = View::Refusal::is_no_matter,
                   .as_good = false});
  const bool plain = std::ranges::any_of(server.children, [](const Directive& directive) {
    return directive.name == "listen" &&
           std::ranges::find(directive.args, "ssl") == directive.args.end();
  });
  if (tls && plain) {
    views.push_back({.host = host,
                     .tls = false,
                     .shown = " by http://",
                     .refusal = View::Refusal::is_no_matter});
  }
  views.push_back({.host = host,
                   .tls = tls,
                   .agent = "curl/7.88.1",
                   .shown = " with another client",
                   .as_good = false});
  return views;
}

}  // namespace moorgate::migrate
