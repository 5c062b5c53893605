#pragma once

#include <string>

namespace moorgate::migrate {

/// Where something stood in what is moved away from.
struct Place {
  std::string file;  // or "environment variable REGISTRY_…"
  int line = 0;      // 0: not in a file

  bool operator==(const Place&) const = default;
  auto operator<=>(const Place&) const = default;
};

/// "nginx.conf:12"
inline std::string to_string(const Place& place) {
  return place.line > 0 ? place.file + ":" + std::to_string(place.line) : place.file;
}

}  // namespace moorgate::migrate
