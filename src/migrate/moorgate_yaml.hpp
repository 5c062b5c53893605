#pragma once

#include <string>
#include <string_view>

#include "migrate/plan.hpp"

namespace moorgate::migrate {

/// `plan` as a moorgate.yml: every line that says something ends in a comment with its origin.
std::string render_yaml(const Plan& plan);

/// `text` as a YAML scalar, in double quotes where it needs them.
std::string yaml_scalar(std::string_view text);

}  // namespace moorgate::migrate
