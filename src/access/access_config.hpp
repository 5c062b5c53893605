#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "access/access_rule.hpp"

namespace moorgate::config {
class Reader;
}

namespace moorgate::access {

struct AccessConfig {
  std::vector<Group> groups;
  std::vector<AccessRule> rules;
  bool rules_given = false;  // false: there is no `access`, `rules` holds the built-in one
  std::string contact;       // whom the denied may ask
};

/// Reads the keys `groups`, `access` and `contact` of the document's root. Without `access`, every
/// signed-in user may pull and nobody may do more. A rule for a group that is not among `groups` is
/// a mistake, unless whoever vouches for users names groups too.
enum class OtherGroups : std::uint8_t { none, named_by_source };
AccessConfig parse_access(const config::Reader& in, OtherGroups others = OtherGroups::none);

}  // namespace moorgate::access
