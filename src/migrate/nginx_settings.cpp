#include "migrate/nginx_settings.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "config/value.hpp"
#include "migrate/nginx_gate.hpp"

namespace moorgate::migrate {
namespace {

using Levels = std::vector<const Directive*>;

/// 10.0.0.0/8 for 10.1.2.3/8, which nginx takes with a warning; other text as it is.
std::string without_host_bits(const std::string& network) {
  const std::size_t slash = network.find('/');
  const auto bits = slash == std::string::npos
                        ? std::nullopt
                        : parse_decimal<unsigned>(std::string_view(network).substr(slash + 1));
  const int family = network.contains(':') ? AF_INET6 : AF_INET;
  const std::size_t size = family == AF_INET ? 4 : 16;
  std::array<unsigned char, 16> ip{};
  if (!bits || *bits > size * 8 ||
      ::inet_pton(family, network.substr(0, slash).c_str(), ip.data()) != 1) {
    return network;
  }
  for (std::size_t bit = *bits; bit < size * 8; ++bit) {
    ip.at(bit / 8) &= static_cast<unsigned char>(~(0x80U >> (bit % 8)));
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, ip.data(), text.data(), text.size());
  return text.data() + network.substr(slash);
}

void add_proxy(const Directive& directive, Plan& plan, Report& report) {
  const std::string network = without_host_bits(directive.args[0]);
  if (network == "unix:") {
    plan.trusted.push_back({network, directive.place});
  } else if (network.find_first_not_of("0123456789abcdefABCDEF.:/") != std::string::npos) {
    report.lost.insert({directive.place, "set_real_ip_from " + network +
                                             ": write its address under trusted_proxies"});
  } else {
    if (network.ends_with("/0")) {
      plan.trusted_unsafe = true;
      report.holes.insert({directive.place,
                           "set_real_ip_from " + network + ": every client may claim any address"});
    }
    plan.trusted.push_back({network, directive.place});
  }
}

void remark_ip_header(const Directive& directive, Report& report) {
  const std::string& header = directive.args[0];
  if (equals_ignoring_case(header, "X-Forwarded-For") || header == "proxy_protocol") {
    report.not_needed.insert(
        {directive.place, "real_ip_header " + header + ": read from every trusted proxy"});
  } else {
    report.lost.insert(
        {directive.place, "real_ip_header " + header +
                              ": the client's address is read from X-Forwarded-For, Forwarded or "
                              "the PROXY protocol"});
  }
}

void add_proxies(const Levels& levels, Plan& plan, Report& report) {
  for (const Directive* level : levels) {
    for (const auto& directive : level->children) {
      if (directive.name == "set_real_ip_from" && directive.args.size() == 1)
        add_proxy(directive, plan, report);
      if (directive.name == "real_ip_header" && directive.args.size() == 1)
        remark_ip_header(directive, report);
    }
  }
}

/// nginx's timeouts are between two reads or writes, as ours are.
void add_timeouts(const Levels& levels, Plan& plan, Report& report) {
  for (const auto& [theirs, ours] :
       {std::pair("client_header_timeout", "header_timeout"),
        std::pair("client_body_timeout", "body_timeout"), std::pair("send_timeout", "send_timeout"),
        std::pair("keepalive_timeout", "idle_timeout")}) {
    const Directive* given = inherited(levels, theirs);
    if (given == nullptr || given->args.empty()) continue;
    std::string text = given->args[0];
    if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos) text += "s";
    const auto value = config::parse_duration(text);
    if (!value || *value < std::chrono::seconds(1) || *value > std::chrono::hours(1)) {
      report.lost.insert(
          {given->place, to_string(*given) + ": limits." + ours + " is from 1s to 1h"});
    } else {
      // Limits are whole seconds.
      const std::chrono::milliseconds whole = std::chrono::ceil<std::chrono::seconds>(*value);
      plan.others.push_back({"limits", ours, {config::print_duration(whole), given->place}});
    }
  }
}

}  // namespace

void add_settings(const NginxTree& tree, const Levels& servers, Plan& plan, Report& report) {
  Levels all = tree.outer;
  all.insert(all.end(), servers.begin(), servers.end());
  add_proxies(all, plan, report);
  Levels first = tree.outer;
  first.push_back(servers.front());
  add_timeouts(first, plan, report);
}

}  // namespace moorgate::migrate
