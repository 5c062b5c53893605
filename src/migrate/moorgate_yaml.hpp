#pragma once

#include <string>
#include <string_view>

#include "migrate/plan.hpp"

namespace moorgate::migrate {

struct Rendered {
  std::string yaml;
  std::size_t settings = 0;  // lines with an origin
};

/// `plan` as a moorgate.yml: every line that says something ends in a comment with its origin.
Rendered render_yaml(const Plan& plan);

/// `text` as a YAML scalar, in double quotes where it needs them.
std::string yaml_scalar(std::string_view text);

}  // namespace moorgate::migrate
