#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace moorgate::http {

/// Where a server is: http://host[:port][/path], https://…, or unix:/path/to/socket. Copyable.
struct Url {
  enum class Scheme : std::uint8_t { http, https, unix };

  Scheme scheme = Scheme::http;
  /// Lower case, an IPv6 address without its brackets; empty for unix.
  std::string host;
  std::uint16_t port = 0;
  /// In origin form, query included; at least "/". For unix always "/".
  std::string target = "/";
  /// Of a unix socket only.
  std::string socket_path;

  /// RFC 3986 as far as it is needed: `bad_request`, saying what is wrong, for another scheme,
  /// userinfo, a fragment, a host that is neither name nor address, a port that is none, characters
  /// that must be escaped. The message holds no userinfo.
  static Result<Url> parse(std::string_view text);

  /// What the Host header holds: the port only where it is not the scheme's own.
  std::string authority() const;
  /// As parse() takes it.
  std::string text() const;
  bool encrypted() const noexcept { return scheme == Scheme::https; }
  /// Same scheme, host and port (or socket): what credentials may be sent to.
  bool same_origin(const Url& other) const noexcept;
};

}  // namespace moorgate::http
