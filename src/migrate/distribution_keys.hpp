#pragma once

#include <cstdint>
#include <string_view>

namespace moorgate::migrate {

/// What becomes of a key of the registry's configuration.
struct KeyFate {
  enum class Kind : std::uint8_t {
    read,        ///< It is carried over, or what it means is judged, elsewhere.
    not_needed,  ///< `why` nothing is lost with it.
    lost,        ///< `why`: what is so now.
    unknown,
  };
  Kind kind = Kind::unknown;
  std::string_view why = {};
};

/// `path`: the names of the sections around a leaf and its own, joined by slashes.
KeyFate fate_of(std::string_view path);

}  // namespace moorgate::migrate
