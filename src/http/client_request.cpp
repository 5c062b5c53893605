#include "http/client_request.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "http/head_syntax.hpp"

namespace moorgate::http {

bool ClientRequest::add(std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_field_value(value) || owns(name)) return false;
  lines_.append(name).append(": ").append(value).append("\r\n");
  return true;
}

bool ClientRequest::owns(std::string_view name) noexcept {
  static constexpr std::string_view kOwn[] = {"Host",
                                              "Content-Length",
                                              "Transfer-Encoding",
                                              "Connection",
                                              "Keep-Alive",
                                              "Expect",
                                              "TE",
                                              "Trailer",
                                              "Upgrade",
                                              "Proxy-Connection",
                                              "Authorization",
                                              "HTTP2-Settings",
                                              "Proxy-Authenticate",
                                              "Proxy-Authorization"};
  return std::ranges::any_of(kOwn,
                             [&](std::string_view own) { return equals_ignoring_case(own, name); });
}

bool ClientRequest::safe() const noexcept {
  return method_ == "GET" || method_ == "HEAD" || method_ == "OPTIONS";
}

}  // namespace moorgate::http
