#pragma once

#include <string>
#include <vector>

#include "migrate/nginx_config.hpp"
#include "migrate/nginx_values.hpp"
#include "migrate/place.hpp"

namespace moorgate::migrate {

struct Remark {
  Place place;
  std::string text;

  bool operator==(const Remark&) const = default;
  auto operator<=>(const Remark&) const = default;
};

/// What nginx demands of one request before it hands it on.
struct Gate {
  enum class Way {
    proxied,    // to `target`
    refused,    // nobody gets through
    elsewhere,  // a redirect, a file, an answer of nginx's own
  };
  Way way = Way::elsewhere;
  Place by;  // what decided
  /// Password files, each of which must know the user; none: no password is asked for.
  std::vector<Remark> files;
  std::string realm;
  /// Conditions that let fewer through and that rules on users cannot express: networks, client
  /// certificates, an external service.
  std::vector<Remark> narrowed;
  /// Ways around the password that cannot be kept: they let more through.
  std::vector<Remark> bypassed;
  std::vector<Remark> holes;
  /// Not understood; whether it matters cannot be told.
  std::vector<Remark> unclear;
  std::string target;  // as proxy_pass has it, variables filled in
  Place target_place;
};

/// The surroundings of a request in the configuration.
struct Surroundings {
  std::vector<const Directive*> outer;  // the file itself, http
  const Directive& server;
  const std::vector<const Directive*>& maps;
  Patterns& patterns;
};

/// Follows one request through nginx's phases: rewrite of the server, choice of the location,
/// rewrite of the location, access.
Gate gate_of(const Surroundings& surroundings, const Request& request);

/// The location that `try_files` of the innermost chosen one goes on with, where none of the files
/// is there; null if there is none.
const Directive* fallback_of(const Directive& server, const std::vector<const Directive*>& chosen);

/// The access phase alone: `levels` from the outside in, as settings are inherited.
void ask_for_access(const std::vector<const Directive*>& levels, Values& values, Gate& gate);

/// The innermost level that has the directive, or null.
const Directive* inherited(const std::vector<const Directive*>& levels, std::string_view name);

}  // namespace moorgate::migrate
