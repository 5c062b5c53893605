#include "http/limits.hpp"

namespace moorgate::http {

Limits parse_limits(const config::Reader& in) {
  using std::chrono::hours;
  using std::chrono::seconds;
  Limits limits;
  in.read("header_timeout", limits.header_timeout,
          "A request's head, and a TLS handshake, must be complete after this long",
          {.min = seconds(1), .max = hours(1)});
  in.read(
      "body_timeout", limits.body_timeout,
      "A request body that brings no byte for this long is cut off; a slow one that moves is not",
      {.min = seconds(1), .max = hours(24)});
  in.read("send_timeout", limits.send_timeout,
          "A client that takes no byte of an answer for this long is cut off",
          {.min = seconds(1), .max = hours(24)});
  in.read("idle_timeout", limits.idle_timeout,
          "A connection without a request is closed after this long",
          {.min = seconds(1), .max = hours(24)});
  in.read("connections", limits.connections,
          "Connections served at a time; further ones wait to be accepted",
          {.min = 16, .max = 1'000'000});
  return limits;
}

}  // namespace moorgate::http
