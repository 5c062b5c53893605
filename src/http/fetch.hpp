#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.hpp"
#include "http/dial.hpp"

namespace moorgate::http {

/// A GET whose short answer is wanted as a whole.
struct Fetch {
  Url url;
  /// For https, redirects included.
  std::shared_ptr<const net::TlsClientContext> tls;
  /// Header lines to add.
  std::vector<std::pair<std::string, std::string>> headers;
  /// Never sent to another origin than that of `url`.
  Secret authorization;
  std::size_t body_limit = 1 << 20;
  /// How many redirects are followed; never from https to http.
  int redirects = 0;
  ClientTimeouts timeouts;
  /// For all of it.
  std::chrono::milliseconds total{30'000};
};

struct Fetched {
  int status = 0;
  /// Names in lower case.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// All values of that header (lower case).
  std::vector<std::string_view> find_all(std::string_view name) const;
};

/// On a connection of its own. Every status is an answer, a redirect that is not to be followed
/// too. Kind::malformed for a longer body, a redirect without an end or to where it must not lead.
Task<ClientResult<Fetched>> fetch(Dialer dialer, Fetch wanted);

}  // namespace moorgate::http
