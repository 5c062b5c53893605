#pragma once

#include <string>

#include "base/error.hpp"
#include "http/request_head.hpp"
#include "http/trusted_proxies.hpp"

namespace moorgate::http {

/// What a chain of trusted proxies says about the client at its far end; empty where it says
/// nothing. Internal to http: take_client() decides whether it is believed.
struct ForwardedClaim {
  /// Address without port, "unknown", or the name of a hidden client.
  std::string address;
  std::string scheme;
  std::string host;
};

/// Reads X-Forwarded-For, -Proto, -Host, -Port and Forwarded, as far as `proxies.headers` wants
/// them, from the right to the first address that is not listed. Scheme and host come from the
/// proxy that wrote that address down. `encrypted`: of the connection itself, for the port that
/// goes without saying. bad_request as described at take_client().
Result<ForwardedClaim> read_forwarded_claim(const TrustedProxies& proxies, const RequestHead& head,
                                            bool encrypted);

}  // namespace moorgate::http
