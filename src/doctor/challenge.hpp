#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moorgate::doctor {

/// One WWW-Authenticate challenge (RFC 9110 §11.3), as far as registry clients use it.
struct Challenge {
  std::string scheme;  ///< lower case: "basic", "bearer", or another
  std::string realm = {};
  std::string service = {};
  std::string scope = {};
};

/// All challenges of one header value, in their order; bad syntax ends the list.
std::vector<Challenge> parse_challenges(std::string_view value);

}  // namespace moorgate::doctor
