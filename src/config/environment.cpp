#include "config/environment.hpp"

#include <unistd.h>

#include <string_view>
#include <vector>

namespace moorgate::config {
namespace {

constexpr std::string_view kHost = "_SERVICE_HOST";

bool belongs_to_service(std::string_view name, std::string_view service) {
  if (!name.starts_with(service)) return false;
  name.remove_prefix(service.size());
  if (name == kHost || name == "_SERVICE_PORT" || name == "_PORT") return true;
  if (name.starts_with("_SERVICE_PORT_")) return true;
  constexpr std::string_view port = "_PORT_";
  return name.starts_with(port) && name.size() > port.size() && name[port.size()] >= '0' &&
         name[port.size()] <= '9';
}

}  // namespace

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  drop_kubernetes_service_links(environment);
  return environment;
}

void drop_kubernetes_service_links(Environment& environment) {
  std::vector<std::string> services;
  for (const auto& [name, value] : environment) {
    if (!name.ends_with(kHost)) continue;
    const std::string service = name.substr(0, name.size() - kHost.size());
    // Both together are never a user's own choice.
    if (environment.contains(service + "_SERVICE_PORT")) services.push_back(service);
  }
  for (const auto& service : services) {
    std::erase_if(environment,
                  [&](const auto& entry) { return belongs_to_service(entry.first, service); });
  }
}

}  // namespace moorgate::config
