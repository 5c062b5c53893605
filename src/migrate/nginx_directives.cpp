#include "migrate/nginx_directives.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "base/text.hpp"
#include "migrate/nginx_location.hpp"

namespace moorgate::migrate {
namespace {

struct Fate {
  std::string_view name;  // a * at the end stands for anything
  std::string_view why;
};

constexpr auto kReadByThePlan = std::to_array<std::string_view>({"http",
                                                                 "server",
                                                                 "location",
                                                                 "listen",
                                                                 "server_name",
                                                                 "map",
                                                                 "upstream",
                                                                 "auth_basic",
                                                                 "auth_basic_user_file",
                                                                 "auth_request",
                                                                 "satisfy",
                                                                 "allow",
                                                                 "deny",
                                                                 "limit_except",
                                                                 "if",
                                                                 "return",
                                                                 "set",
                                                                 "break",
                                                                 "rewrite",
                                                                 "proxy_pass",
                                                                 "ssl",
                                                                 "ssl_certificate",
                                                                 "ssl_certificate_key",
                                                                 "set_real_ip_from",
                                                                 "real_ip_header",
                                                                 "client_body_timeout",
                                                                 "client_header_timeout",
                                                                 "send_timeout",
                                                                 "keepalive_timeout",
                                                                 "ssl_verify_client",
                                                                 "auth_jwt",
                                                                 "auth_ldap",
                                                                 "auth_pam"});

constexpr auto kNotNeeded = std::to_array<Fate>({
    {"client_max_body_size", "blobs have no size limit"},
    {"client_body_buffer_size", "a body is never held as a whole"},
    {"client_body_temp_path", "nothing is spooled to disk"},
    {"*_temp_path", "nothing is spooled to disk"},
    {"chunked_transfer_encoding", "chunked requests are always read"},
    {"proxy_request_buffering", "bodies are always streamed"},
    {"proxy_buffering", "bodies are always streamed"},
    {"proxy_buffer*", "bodies are always streamed"},
    {"proxy_busy_buffers_size", "bodies are always streamed"},
    {"proxy_max_temp_file_size", "bodies are always streamed"},
    {"proxy_http_version", "HTTP/1.1 is spoken throughout"},
    {"proxy_connect_timeout", "an upstream that is down is answered for at once"},
    {"proxy_read_timeout", "a transfer lives as long as it moves"},
    {"proxy_send_timeout", "a transfer lives as long as it moves"},
    {"proxy_redirect", "Location is always relative"},
    {"proxy_pass_header", "all headers of the API are passed on"},
    {"proxy_pass_request_*", "requests are passed on whole"},
    {"proxy_ssl_server_name", "the upstream's name is always sent"},
    {"proxy_next_upstream*", "only what is safe is tried again"},
    {"proxy_intercept_errors", "errors are the API's own JSON"},
    {"proxy_cache", "blobs and manifests are served from memory and disk as they are"},
    {"ssl_protocols", "TLS 1.2 and 1.3 are spoken"},
    {"ssl_ciphers", "only ciphers with forward secrecy are offered"},
    {"ssl_prefer_server_ciphers", "decided by the TLS library"},
    {"ssl_session_*", "sessions are resumed by themselves"},
    {"ssl_dhparam", "only elliptic curves are used"},
    {"ssl_ecdh_curve", "decided by the TLS library"},
    {"ssl_stapling*", "clients of registries do not ask for it"},
    {"ssl_buffer_size", "decided by how much there is to send"},
    {"resolver*", "names are looked up by the system"},
    {"access_log", "requests are logged on standard error"},
    {"error_log", "the log goes to standard error"},
    {"log_format", "requests are logged on standard error"},
    {"log_not_found", "requests are logged on standard error"},
    {"server_tokens", "no version is told"},
    {"sendfile*", "always done"},
    {"tcp_nopush", "always done"},
    {"tcp_nodelay", "always done"},
    {"aio*", "no worker ever waits for a disk"},
    {"directio*", "no worker ever waits for a disk"},
    {"output_buffers", "no worker ever waits for a disk"},
    {"types*", "media types come from the API"},
    {"default_type", "media types come from the API"},
    {"charset", "media types come from the API"},
    {"gzip*", "layers are compressed already"},
    {"keepalive*", "connections are kept alive by themselves"},
    {"http2*", "HTTP/1.1 is offered"},
    {"server_names_hash_*", "there are no such tables"},
    {"map_hash_*", "there are no such tables"},
    {"variables_hash_*", "there are no such tables"},
    {"large_client_header_buffers", "heads of requests have a fixed bound"},
    {"client_header_buffer_size", "heads of requests have a fixed bound"},
    {"real_ip_recursive", "the chain of proxies is always walked from the right"},
    {"auth_delay", "wrong passwords are throttled"},
    {"lingering_*", "always done"},
    {"reset_timedout_connection", "always done"},
    {"worker_*", "one event loop for each core; see workers"},
    {"events", "nothing to set"},
    {"user", "the service manager or the container decides"},
    {"pid", "the service manager or the container decides"},
    {"daemon", "the service manager or the container decides"},
    {"master_process", "the service manager or the container decides"},
    {"load_module", "there are no modules"},
    {"pcre_jit", "there are no regular expressions"},
    {"ssl_certificate_cache", "certificates are read again when they change"},
    {"uninitialized_variable_warn", "there are no variables"},
    {"internal", "there are no inner locations"},
});

constexpr auto kLost = std::to_array<Fate>({
    {"ssl_client_certificate", "certificates of clients are not asked for"},
    {"ssl_trusted_certificate", "certificates of clients are not asked for"},
    {"ssl_crl", "certificates of clients are not asked for"},
    {"ssl_verify_depth", "certificates of clients are not asked for"},
    {"ssl_password_file", "the key must not have a password"},
    {"limit_req*", "requests are not limited in number; wrong passwords are"},
    {"limit_conn*", "connections are limited as a whole: limits.connections"},
    {"limit_rate*", "transfers are not slowed down"},
    {"error_page", "errors are the API's own JSON"},
    {"more_set_headers", "headers are not added"},
    {"auth_request_set", "what another service says is not used"},
    {"proxy_cookie_*", "the API has no cookies"},
    {"proxy_ssl_*", "see upstream in docs/config.md for TLS towards a registry"},
    {"proxy_bind", "the system chooses the address"},
    {"proxy_method", "requests are passed on as they are"},
    {"proxy_set_body", "requests are passed on as they are"},
    {"proxy_hide_header", "the API's headers are all passed on"},
    {"root", "files are not served"},
    {"index", "files are not served"},
    {"alias", "files are not served"},
    {"autoindex", "files are not served"},
    {"try_files", "files are not served"},
    {"expires", "files are not served"},
    {"stream", "only http is looked at"},
    {"mail", "only http is looked at"},
});

bool fits(std::string_view pattern, std::string_view name) {
  return glob_match(pattern, name);
}

template <std::size_t N>
const Fate* find(const std::array<Fate, N>& table, std::string_view name) {
  const auto* found =
      std::ranges::find_if(table, [&](const Fate& f) { return fits(f.name, name); });
  return found == table.end() ? nullptr : found;
}

/// proxy_set_header and add_header depend on what they set.
bool remark_header(const Directive& directive, Report& report) {
  const std::string name = directive.args.empty() ? "" : directive.args[0];
  const auto is = [&](std::string_view other) { return equals_ignoring_case(name, other); };
  if (directive.name == "add_header") {
    if (is("Docker-Distribution-Api-Version")) {
      report.not_needed.insert({directive.place, "add_header " + name + ": always sent"});
    } else {
      report.lost.insert({directive.place, "add_header " + name + ": headers are not added"});
    }
    return true;
  }
  if (directive.name != "proxy_set_header") return false;
  const bool forwarded = is("Host") || is("X-Real-IP") || is("Forwarded") || is("Connection") ||
                         is("Upgrade") || is("X-Original-URI") || is("X-Original-Method") ||
                         is("X-Forwarded-For") || is("X-Forwarded-Proto") ||
                         is("X-Forwarded-Host") || is("X-Forwarded-Port") ||
                         is("X-Forwarded-Ssl") || is("X-Forwarded-Server");
  if (forwarded) {
    report.not_needed.insert(
        {directive.place, "proxy_set_header " + name + ": links are relative"});
  } else if (is("Authorization")) {
    report.lost.insert({directive.place,
                        "proxy_set_header Authorization: how to sign in at the upstream stands "
                        "under upstream now (see docs/config.md)"});
  } else {
    report.lost.insert({directive.place, "proxy_set_header " + name + ": headers are not added"});
  }
  return true;
}

/// Not told apart any further: what is sure to lie elsewhere is not served.
bool may_be_of_the_api(const LocationName& name) {
  if (!name.modifier.starts_with('~')) return name.text.starts_with("/v2");
  if (!name.text.contains("v2") && !name.text.contains("v[")) return false;
  // Bound to the beginning of the path: ^/v2/, ^/v[12]/, ^/(v1|v2)/
  if (!name.text.starts_with("^/")) return true;
  const char first = name.text.size() > 2 ? name.text[2] : '.';
  return first == 'v' || std::isalnum(static_cast<unsigned char>(first)) == 0;
}

void remark_location(const Directive& location, Report& report) {
  const std::string name = name_of(location).text;
  const Directive* pass = location.child("proxy_pass");
  if (may_be_of_the_api(name_of(location))) return;  // the plan has spoken of it
  if (name.contains("/v1")) {
    report.not_needed.insert(
        {location.place, to_string(location) + ": nobody speaks protocol v1 any more"});
  } else if (name.contains(".well-known/acme")) {
    report.not_needed.insert({location.place, to_string(location) +
                                                  ": let the ACME client write its files; "
                                                  "certificates are read again when they change"});
  } else if (!name.starts_with('@') && location.child("internal") == nullptr) {
    report.lost.insert({location.place, to_string(location) + " is not about the registry's API" +
                                            (pass == nullptr ? "" : " (" + to_string(*pass) + ")") +
                                            " and is not served"});
  }
}

/// Conditions whose outcome is known; rights were found with them in force.
void remark_condition(const Directive& directive, Report& report) {
  const bool asks = directive.name == "if" && !directive.args.empty() &&
                    directive.args[0].contains("$http_user_agent");
  if (asks) {
    report.not_needed.insert(
        {directive.place, "if on $http_user_agent: clients are told apart by what they ask for"});
  }
  const bool redirects = directive.name == "if" && !directive.args.empty() &&
                         directive.args[0].contains("$http_x_forwarded_proto");
  if (redirects) {
    report.not_needed.insert({directive.place,
                              "if on $http_x_forwarded_proto: what comes through the "
                              "proxy in front is taken as it comes"});
  }
}

/// The name alone where the rest could be a secret.
std::string shown(const Directive& directive) {
  for (const std::string_view word : {"pass", "secret", "key", "token"}) {
    if (directive.name.contains(word)) return directive.name;
  }
  return to_string(directive);
}

void remark_one(const Directive& directive, Report& report) {
  remark_condition(directive, report);
  if (std::ranges::find(kReadByThePlan, directive.name) != kReadByThePlan.end()) return;
  if (remark_header(directive, report)) return;
  if (const Fate* fate = find(kNotNeeded, directive.name)) {
    report.not_needed.insert({directive.place, directive.name + ": " + std::string(fate->why)});
  } else if (const Fate* lost = find(kLost, directive.name)) {
    report.lost.insert({directive.place, directive.name + ": " + std::string(lost->why)});
  } else {
    report.unclear.insert({directive.place, shown(directive)});
  }
  if (directive.name == "ssl_protocols") {
    for (const std::string_view old : {"SSLv2", "SSLv3", "TLSv1", "TLSv1.1"}) {
      if (std::ranges::find(directive.args, old) == directive.args.end()) continue;
      report.holes.insert(
          {directive.place, std::string(old) + " was offered, which is broken; it no longer is"});
    }
  }
}

}  // namespace

void remark_directives(const Directive& block, const std::set<const Directive*>& relevant,
                       Report& report) {
  for (const auto& directive : block.children) {
    if (directive.name == "map" && !directive.args.empty() &&
        directive.args[0] == "$upstream_http_docker_distribution_api_version") {
      report.not_needed.insert(
          {directive.place, "map for Docker-Distribution-Api-Version: the header is always sent"});
    }
    if (directive.name == "server" || directive.name == "map" || directive.name == "upstream" ||
        directive.name == "http") {
      continue;
    }
    if (directive.name == "location" && !relevant.contains(&directive)) {
      remark_location(directive, report);
      continue;
    }
    remark_one(directive, report);
    const bool enter =
        directive.name == "location" || directive.name == "limit_except" || directive.name == "if";
    if (enter) remark_directives(directive, relevant, report);
  }
}

}  // namespace moorgate::migrate
