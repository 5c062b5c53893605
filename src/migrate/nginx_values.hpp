#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/nginx_config.hpp"
#include "migrate/pattern.hpp"

namespace moorgate::migrate {

/// A request that is imagined to find out what nginx would do with it.
struct Request {
  std::string method;
  std::string path;
  std::string user = {};  // whose name is in the Authorization header; empty: there is none
  std::string host = {};  // as the client says it
  bool tls = true;
  std::string args = {};         // what stands behind the question mark
  std::string agent = {};        // empty: docker
  std::string server_name = {};  // the first of the server's names
  /// A proxy in front that sends http:// on to https:// has done so.
  std::string forwarded_proto = "https";
};

/// Regular expressions compiled once. One thread.
class Patterns {
 public:
  /// Null: not a regular expression.
  const Pattern* find(const std::string& text, Pattern::Case letter_case);

 private:
  std::map<std::pair<std::string, bool>, std::optional<Pattern>> compiled_;
};

/// nginx's variables during one imagined request: those of the request that are known, `map` and
/// `set`, nested as they come. A value that depends on what cannot be known (an address, a client's
/// certificate, a cookie) is nullopt.
class Values {
 public:
  Values(const std::vector<const Directive*>& maps, Patterns& patterns, const Request& request)
      : maps_(maps), patterns_(patterns), request_(request) {}

  std::optional<std::string> expand(std::string_view text) { return expand(text, 0); }
  void set(const std::string& name, std::optional<std::string> value);
  /// Whether `text` matches; its groups become $1, $2…
  std::optional<bool> match(const std::string& text, const std::string& regex,
                            Pattern::Case letter_case);

  /// The variables that made an answer nullopt so far: "$remote_addr".
  const std::string& unknown() const noexcept { return unknown_; }
  const Request& request() const noexcept { return request_; }

 private:
  std::optional<std::string> expand(std::string_view text, int depth);
  std::optional<std::string> variable(const std::string& name, int depth);
  std::optional<std::string> of_request(const std::string& name) const;
  std::string argument(const std::string& name) const;
  std::optional<std::string> of_map(const Directive& map, int depth);
  std::nullopt_t cannot_know(const std::string& name);

  const std::vector<const Directive*>& maps_;
  Patterns& patterns_;
  const Request& request_;
  std::map<std::string, std::optional<std::string>> set_;
  std::vector<std::string> groups_;
  std::string unknown_;
};

/// What an `if (…)` of the rewrite phase asks. nullopt: cannot be told.
std::optional<bool> holds(const Directive& condition, Values& values);

}  // namespace moorgate::migrate
