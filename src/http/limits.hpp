#pragma once

#include <chrono>
#include <cstddef>

#include "config/reader.hpp"

namespace moorgate::http {

/// How long and how much a client may take. All of them are progress-based but header_timeout: a
/// slow transfer lives as long as it moves.
struct Limits {
  std::chrono::seconds header_timeout{30};
  std::chrono::seconds body_timeout{60};
  std::chrono::seconds send_timeout{60};
  std::chrono::seconds idle_timeout{120};
  std::size_t connections = 20'000;
};

Limits parse_limits(const config::Reader& in);

}  // namespace moorgate::http
