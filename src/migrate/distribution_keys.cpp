#include "migrate/distribution_keys.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace moorgate::migrate {
namespace {

struct Fate {
  std::string_view path;  // a glob
  std::string_view why;
};

constexpr auto kRead = std::to_array<std::string_view>({"version",
                                                        "storage",
                                                        "storage/filesystem/rootdirectory",
                                                        "storage/filesystem",
                                                        "storage/delete/enabled",
                                                        "storage/maintenance/readonly/enabled",
                                                        "storage/maintenance/uploadpurging/enabled",
                                                        "storage/maintenance/uploadpurging/age",
                                                        "auth",
                                                        "auth/none",
                                                        "auth/htpasswd/realm",
                                                        "auth/htpasswd/path",
                                                        "auth/token/**",
                                                        "auth/silly/**",
                                                        "http/addr",
                                                        "http/net",
                                                        "http/prefix",
                                                        "http/host",
                                                        "http/tls/certificate",
                                                        "http/tls/key",
                                                        "http/tls/clientcas/**",
                                                        "http/tls/clientcas",
                                                        "http/tls/clientauth",
                                                        "http/tls/letsencrypt/**",
                                                        "http/draintimeout",
                                                        "http/debug/addr",
                                                        "http/debug/prometheus/enabled",
                                                        "log/level",
                                                        "loglevel",
                                                        "log/formatter",
                                                        "proxy/**"});

constexpr auto kNotNeeded = std::to_array<Fate>({
    {"storage/filesystem/maxthreads", "disk work has a pool of its own"},
    {"storage/maintenance/uploadpurging/*", "unfinished uploads are looked after by themselves"},
    {"storage/cache/**", "warm answers come from memory"},
    {"storage/tag/**", "tags are in a database"},
    {"storage/redirect/**", "blobs are served from here"},
    {"http/secret", "uploads are remembered, not signed"},
    {"http/relativeurls", "Location is always relative"},
    {"http/headers/**", "nosniff is not needed for an API; other headers are not added"},
    {"http/tls/minimumtls", "TLS 1.2 and 1.3 are spoken"},
    {"http/tls/ciphersuites/**", "only ciphers with forward secrecy are offered"},
    {"http/http2/**", "HTTP/1.1 is offered"},
    {"http/h2c/**", "HTTP/1.1 is offered"},
    {"http/debug/prometheus/path", "the path is /metrics"},
    {"log/accesslog/**", "requests are logged with everything else"},
    {"log/fields/**", "a line names what it is about"},
    {"log/reportcaller", "a line names what it is about"},
    {"health/**", "/healthz and /readyz are always there"},
    {"redis/**", "no cache beside the process is needed"},
    {"catalog/**", "lists come in pages of any size"},
    {"tags/**", "lists come in pages of any size"},
    {"compatibility/**", "old manifests are served as they are"},
    {"validation/manifests/indexes/**", "every index is checked"},
    {"x-*", "a note, perhaps with parts that are merged elsewhere"},
    {"x-*/**", "a note, perhaps with parts that are merged elsewhere"},
});

constexpr auto kLost = std::to_array<Fate>({
    {"notifications/**", "nobody is told of pushes and pulls"},
    {"middleware/**", "there is no middleware"},
    {"reporting/**", "errors are only logged"},
    {"log/hooks/**", "errors are only logged"},
    {"validation/**", "manifests are checked for form and for what they refer to"},
    {"policy/**", "classes of repositories are not told apart"},
});

}  // namespace

KeyFate fate_of(std::string_view path) {
  const auto is = [path](std::string_view pattern) {
    return glob_match(pattern, path) ||
           (pattern.ends_with("/**") && path == pattern.substr(0, pattern.size() - 3));
  };
  const auto of = [&is](const Fate& fate) { return is(fate.path); };
  if (std::ranges::any_of(kRead, is)) return {KeyFate::Kind::read};
  if (const auto* fate = std::ranges::find_if(kNotNeeded, of); fate != kNotNeeded.end()) {
    return {KeyFate::Kind::not_needed, fate->why};
  }
  if (const auto* fate = std::ranges::find_if(kLost, of); fate != kLost.end()) {
    return {KeyFate::Kind::lost, fate->why};
  }
  return {};
}

}  // namespace moorgate::migrate
