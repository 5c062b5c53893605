#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace moorgate::upstream {

/// One way to authenticate that a server offers.
struct Challenge {
  std::string scheme;  ///< Lower case: "basic", "bearer".
  std::string token68;
  /// Names in lower case, values without their quotes; no name twice.
  std::vector<std::pair<std::string, std::string>> parameters;

  std::optional<std::string_view> find(std::string_view name) const noexcept;
  bool operator==(const Challenge&) const = default;
};

inline constexpr std::size_t kMaxChallengeText = 8 << 10;
inline constexpr std::size_t kMaxChallenges = 16;
inline constexpr std::size_t kMaxChallengeParameters = 32;

/// The value of a WWW-Authenticate header (RFC 9110 §11.6.1): several challenges, quoted strings
/// with escapes, empty list elements. bad_request for what is not that, or over a limit.
Result<std::vector<Challenge>> parse_challenges(std::string_view text);

}  // namespace moorgate::upstream
