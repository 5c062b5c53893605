#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "http/url.hpp"
#include "upstream/upstream_config.hpp"

namespace moorgate::upstream {

/// A bearer token and how long it may be used.
struct Token {
  Secret value;
  std::chrono::milliseconds lifetime{60'000};
};

/// Reads a token service's answer: `token` or `access_token`, `expires_in` in seconds (60 if it is
/// missing or senseless, one day at most). bad_request if there is no token that fits a header.
Result<Token> parse_token(std::string_view json);

/// A token service as a challenge names it.
struct TokenService {
  http::Url realm;
  std::string service;

  /// realm?service=…&scope=…&scope=… for the scopes that blanks separate in `scopes`.
  http::Url url(std::string_view scopes) const;
  bool operator==(const TokenService& other) const noexcept {
    return realm.same_origin(other.realm) && realm.target == other.realm.target &&
           service == other.service;
  }
};

/// What may be told to a token service that the upstream named.
enum class Trust : std::uint8_t {
  none,       ///< Nothing, not even what is wanted: not the service that the operator wrote down,
              ///< or plain http named by an https upstream.
  anonymous,  ///< Another host, named by an upstream that others can speak for (http://), or spoken
              ///< to over http:// itself: no password.
  full,       ///< The service that the operator wrote down. Without one, the upstream's host, and
              ///< https where the upstream is authenticated: by its certificate or as a socket.
};
Trust trust_in(const http::Url& realm, const UpstreamConfig& config);

}  // namespace moorgate::upstream
