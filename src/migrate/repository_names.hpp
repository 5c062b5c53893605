#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// From nginx's locations, which are about paths, to repositories, which rules are about.
namespace moorgate::migrate {

using Globs = std::vector<std::string>;

/// What a prefix location is about: /v2/team/ is team and team/**. Empty: about all repositories
/// alike, or none. nullopt: cannot be told.
std::optional<Globs> repositories_of_prefix(std::string_view prefix);

/// The same of a regular expression: `^/v2/(a|b)/` is a, a/**, b and b/**.
std::optional<Globs> repositories_of_regex(std::string_view regex);

/// A name that the glob matches, made to be matched by as few others as can be.
std::string example_of(std::string_view glob);

}  // namespace moorgate::migrate
