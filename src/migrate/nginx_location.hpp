#pragma once

#include <string>
#include <vector>

#include "migrate/nginx_config.hpp"
#include "migrate/nginx_values.hpp"

namespace moorgate::migrate {

/// The location of `block` (a server) that nginx chooses for a path, from the outside in; empty if
/// none fits. An exact one wins, then the longest prefix, unless it has no ^~ and a regular
/// expression fits: of those the first in the file, the inner ones before the outer ones.
/// `doubtful` gets the locations of which nobody can tell whether they fit.
std::vector<const Directive*> choose_location(const Directive& block, const std::string& path,
                                              Patterns& patterns,
                                              std::vector<const Directive*>& doubtful);

/// What a location's arguments are: `modifier` is "", "=", "^~", "~", "~*" or "@".
struct LocationName {
  std::string modifier;
  std::string text;
};
LocationName name_of(const Directive& location);

}  // namespace moorgate::migrate
