#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.hpp"
#include "migrate/files.hpp"
#include "migrate/place.hpp"

namespace moorgate::migrate {

/// One directive of nginx, a block or not. A member of a `map` is one too: its key is the name.
struct Directive {
  std::string name;
  std::vector<std::string> args = {};
  bool block = false;
  std::vector<Directive> children = {};
  Place place = {};

  /// The first of that name, or null.
  const Directive* child(std::string_view wanted) const;
};

/// "auth_basic off", for a person; long ones are cut.
std::string to_string(const Directive& directive);

struct NginxConfig {
  std::vector<Directive> directives;
  /// What could not be read. The directives are those that could.
  std::vector<config::Problem> problems;
};

/// Reads `main` and all that it includes; a relative `include` is relative to the folder of `main`,
/// as in nginx. Bounded: 1 MiB a file, 256 files, 100 000 directives, 32 blocks and 16 includes
/// inside one another.
NginxConfig read_nginx(Files& files, const std::filesystem::path& main);

}  // namespace moorgate::migrate
