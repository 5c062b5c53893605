#include "upstream/upstream_config.hpp"

#include <utility>

namespace moorgate::upstream {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

void parse_url(const config::Reader& in, UpstreamConfig& config) {
  std::string text;
  if (!in.read("url", text,
               "The registry to stand in front of: http://registry:5000, https://… or "
               "unix:/run/registry.sock")) {
    return;
  }
  auto url = http::Url::parse(text);
  if (!url) {
    in.problem("url", std::move(url).error().message);
  } else if (url->target != "/") {
    in.problem("url", "a registry's API begins at /v2/ of its host; leave the path out");
  } else {
    config.url = std::move(*url);
  }
}

void parse_tls(const config::Reader& in, UpstreamConfig& config) {
  const bool ca = in.read("ca", config.ca,
                          "https: PEM file with the authorities to trust instead of the system's");
  const bool certificate = in.read("certificate", config.certificate,
                                   "https: PEM file with the certificate to identify with");
  const bool key =
      in.read("key", config.key, "https: PEM file with that certificate's private key");
  if (certificate && !in.has("key")) {
    in.problem("certificate", "the key that goes with it is missing; add upstream.key");
  }
  if (key && !in.has("certificate")) {
    in.problem("key", "the certificate that goes with it is missing; add upstream.certificate");
  }
  if ((ca || certificate) && !config.url.host.empty() && !config.url.encrypted()) {
    in.problem(ca ? "ca" : "certificate", "only an https:// upstream has use for it");
  }
}

void parse_credentials(const config::Reader& in, UpstreamConfig& config) {
  in.read("username", config.username, "Who we are to the registry; without it nobody");
  in.read("password", config.password, "The password that goes with it: file:PATH or env:NAME");
  in.read("token_realm", config.token_realm,
          "The token service that alone is given the password, plain http:// included; without it "
          "one on the registry's host is, and any on https:// unless the registry is on http://");
  if (config.username.find(':') != std::string::npos) {
    in.problem("username", "a user name for Basic authentication has no colon");
  }
  if (in.has("username") && !in.has("password")) {
    in.problem("username", "the password that goes with it is missing; add upstream.password");
  }
  if (in.has("password") && !in.has("username")) {
    in.problem("password", "the user it belongs to is missing; add upstream.username");
  }
  if (config.token_realm.empty()) return;
  if (auto realm = http::Url::parse(config.token_realm); !realm) {
    in.problem("token_realm", std::move(realm).error().message);
  }
}

void parse_patience(const config::Reader& in, UpstreamConfig& config) {
  auto& timeouts = config.timeouts;
  in.read("connect_timeout", timeouts.connect,
          "For each address of the registry, TLS handshake included",
          {.min = milliseconds(100), .max = seconds(300)});
  in.read("response_timeout", timeouts.response,
          "How long the registry may think before it answers; some copy a whole layer meanwhile",
          {.min = seconds(1), .max = hours(24)});
  in.read("progress_timeout", timeouts.progress,
          "A registry that takes or sends no byte of a body for this long is given up",
          {.min = seconds(1), .max = hours(24)});
  in.read("idle_timeout", timeouts.idle, "An unused connection to the registry is kept this long",
          {.min = seconds(1), .max = hours(1)});
  in.read("connections", config.connections,
          "Connections to the registry, for each worker; further requests wait for a free one",
          {.min = 1, .max = 10'000});
}

}  // namespace

UpstreamConfig parse_upstream(const config::Reader& in) {
  UpstreamConfig config;
  parse_url(in, config);
  parse_tls(in, config);
  parse_credentials(in, config);
  parse_patience(in, config);
  return config;
}

}  // namespace moorgate::upstream
