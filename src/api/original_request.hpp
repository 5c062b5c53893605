#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "http/request_head.hpp"

namespace moorgate::api {

/// Which proxy asks, and so which headers tell what it asks about. Exactly one family is believed:
/// both proxies hand on what the client sent, so the other family is the client's word.
enum class AskedBy : std::uint8_t {
  nginx,    ///< auth_request: X-Original-Method and X-Original-URI, set by proxy_set_header
  traefik,  ///< forwardAuth: X-Forwarded-Method and X-Forwarded-Uri
};

/// The request that a proxy has received and asks about. Views the head it was read from.
struct OriginalRequest {
  http::Method method = http::Method::other;
  std::string_view method_text;
  std::string_view path;   ///< Up to '?', not decoded.
  std::string_view query;  ///< After '?', not decoded.
};

/// bad_request, with what to change in the proxy, where a header is missing, stands there twice, or
/// holds no path.
Result<OriginalRequest> original_request(const http::RequestHead& head, AskedBy asked_by);

}  // namespace moorgate::api
