#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "http/request_head.hpp"
#include "http/trusted_proxies.hpp"
#include "net/address.hpp"

namespace moorgate::http {

/// Whom a trusted proxy has signed in, in its own words: not yet checked to be a user's name.
struct ProxiedUser {
  std::string name;
  std::string groups;
};

/// Who sent a request: the socket's facts, or what trusted proxies say about the far end of their
/// chain.
struct Client {
  /// IP address without port, "unix", "unknown", or what a proxy calls a client it hides.
  std::string address;
  /// The proxy at the socket if one spoke for the client, else empty.
  std::string proxy;
  /// Where a proxy spoke for the client: "http" or "https" as the client used it, if the proxy
  /// says.
  std::string_view scheme;
  /// There too: host, perhaps with port, as the client wrote it; empty if nobody says.
  std::string host;
  std::optional<ProxiedUser> user;
};

/// The connection a request came by.
struct Peer {
  const net::Address& address;
  /// Its address as text.
  std::string_view host;
  bool encrypted = false;
};

/// The one place that decides what a head's claims about its sender are worth, before anything
/// else sees the head. From whoever is not a trusted proxy (or does not bring its secret) every
/// such claim is taken out of `head`: Forwarded, X-Forwarded-…, X-Real-IP and their like, and the
/// headers by which proxies name users. From a trusted proxy the forwarding headers stay, for
/// whoever passes the request on; user, groups and secret are taken out of every head. What differs
/// from these names only in "_" for "-" goes too, because some programs see no difference.
///
/// The chain is walked from its right end, the proxy nearest to us, to the first address that is
/// not listed; at most 16 hops. bad_request, saying what the proxy should do, where a trusted
/// proxy's headers cannot be read, contradict each other or stand there twice.
/// `into` is reused from request to request and holds something only after success.
Result<> take_client(const Peer& peer, const TrustedProxies& proxies, RequestHead& head,
                     Client& into);

}  // namespace moorgate::http
