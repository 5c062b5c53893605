#pragma once

#include <string>
#include <vector>

#include "migrate/nginx_tree.hpp"

namespace moorgate::migrate {

/// A repository and a tag in it, or a digest, that are worth asking for.
struct Probe {
  std::string repository;
  std::string reference = "latest";

  auto operator<=>(const Probe&) const = default;
};

/// Made from all that a server's locations, conditions and the maps compare paths with, so that
/// each of them is met by some; at most `limit`.
std::vector<Probe> probes_of(const NginxTree& tree, const Directive& server, std::size_t limit);

}  // namespace moorgate::migrate
