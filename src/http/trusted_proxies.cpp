#include "http/trusted_proxies.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/text.hpp"
#include "http/head_syntax.hpp"

namespace moorgate::http {
namespace {

constexpr std::size_t kSecretMinimum = 16;
/// What a few known machines fit into.
constexpr unsigned kNarrowV4 = 24;
constexpr unsigned kNarrowV6 = 64;

void parse_networks(const config::Reader& in, TrustedProxies& into) {
  std::vector<std::string> from;
  in.read(
      "from", from,
      "Networks (10.0.0.0/8), addresses and \"unix:\" (whoever connects to a Unix socket) whose "
      "word about the client's address, scheme and host is taken");
  in.read("unsafe", into.unsafe,
          "Accept networks as wide as the Internet (0.0.0.0/0): then every client may claim any "
          "address");
  for (std::size_t i = 0; i < from.size(); ++i) {
    auto network = net::Network::parse(from[i]);
    if (!network) {
      in.problem("from", i, std::move(network).error().message);
      continue;
    }
    if (network->is_internet_wide() && !into.unsafe) {
      in.problem("from", i,
                 network->text() +
                     " is as wide as the Internet, so every client could claim any address; name "
                     "your proxies' networks, or say unsafe: true");
    }
    into.from.push_back(*network);
  }
}

bool names_a_header_of_its_own(std::string_view name) {
  static constexpr std::array<std::string_view, 16> kTaken = {"Authorization",
                                                              "Connection",
                                                              "Content-Length",
                                                              "Content-Type",
                                                              "Cookie",
                                                              "Expect",
                                                              "Forwarded",
                                                              "Host",
                                                              "TE",
                                                              "Trailer",
                                                              "Transfer-Encoding",
                                                              "Upgrade",
                                                              "X-Forwarded-For",
                                                              "X-Forwarded-Host",
                                                              "X-Forwarded-Port",
                                                              "X-Forwarded-Proto"};
  return is_token(name) && !name.contains('_') &&
         std::ranges::none_of(
             kTaken, [name](std::string_view taken) { return equals_ignoring_case(name, taken); });
}

void parse_header_name(const config::Reader& in, std::string_view key, std::string& into,
                       std::string_view doc) {
  if (!in.read(key, into, doc) || names_a_header_of_its_own(into)) return;
  in.problem(key, moorgate::quoted(into) +
                      " cannot be used: it must be the name of a header with no other meaning, "
                      "such as X-Remote-User, and without an underscore");
}

void check_names_differ(const config::Reader& in, const TrustedProxies& proxies) {
  const std::pair<std::string_view, std::string_view> names[] = {
      {"user_header", proxies.user_header},
      {"groups_header", proxies.groups_header},
      {"secret_header", proxies.secret_header}};
  for (const auto* a = std::begin(names); a != std::end(names); ++a) {
    for (const auto* b = std::begin(names); b != a; ++b) {
      if (a->second.empty() || !equals_ignoring_case(a->second, b->second)) continue;
      in.problem(a->first, "the same header twice: " + std::string(b->first) + " has it too");
    }
  }
}

void check_secret(const config::Reader& in, const TrustedProxies& proxies) {
  if (proxies.secret_header.empty() != proxies.secret.empty()) {
    in.problem(proxies.secret.empty() ? "secret_header" : "secret",
               "secret_header and secret go together; the other one is missing");
  } else if (!proxies.secret.empty() && proxies.secret.reveal().size() < kSecretMinimum) {
    in.problem("secret",
               "too short to withstand guessing; take 16 characters or more, such as "
               "from openssl rand -hex 32");
  }
}

void check_users(const config::Reader& in, const TrustedProxies& proxies) {
  if (!proxies.takes_over_users()) {
    if (!proxies.groups_header.empty()) {
      in.problem("groups_header", "groups belong to a user; add user_header");
    }
    return;
  }
  if (proxies.from.empty()) {
    in.problem("user_header", "nobody is trusted to send it; name the proxies in from");
  }
  if (!proxies.secret.empty()) return;
  const bool wide = std::ranges::any_of(proxies.from, &net::Network::is_internet_wide);
  if (proxies.lists_loopback() || wide) {
    in.problem("user_header",
               wide ? "everybody could sign in as anybody; add secret_header and secret, and have "
                      "the proxy send it"
                    : "every user of this machine can connect from loopback and sign in as "
                      "anybody; add secret_header and secret, or connect the proxy by a Unix "
                      "socket and list \"unix:\"");
  }
}

}  // namespace

bool TrustedProxies::has_wide_network() const noexcept {
  return std::ranges::any_of(from, [](const net::Network& network) {
    return !network.is_unix() &&
           network.prefix() < (network.family() == AF_INET ? kNarrowV4 : kNarrowV6);
  });
}

bool TrustedProxies::lists_loopback() const noexcept {
  return std::ranges::any_of(from, &net::Network::has_loopback);
}

TrustedProxies parse_trusted_proxies(const config::Reader& in) {
  TrustedProxies proxies;
  parse_networks(in, proxies);
  in.read_enum("headers", proxies.headers,
               "Which headers the proxies write; either takes both and refuses requests in which "
               "they disagree",
               {{"either", TrustedProxies::Headers::either},
                {"x-forwarded", TrustedProxies::Headers::x_forwarded},
                {"forwarded", TrustedProxies::Headers::forwarded}});
  parse_header_name(in, "user_header", proxies.user_header,
                    "Header in which a trusted proxy names the user it has signed in; without it "
                    "nobody is taken over");
  parse_header_name(in, "groups_header", proxies.groups_header,
                    "Header in which it names that user's groups, separated by commas or, if there "
                    "is no comma, by blanks");
  parse_header_name(in, "secret_header", proxies.secret_header,
                    "Header with which a trusted proxy proves that it is one");
  in.read("secret", proxies.secret,
          "What has to stand in secret_header for a trusted proxy to be believed at all; file: and "
          "env: fetch it");
  check_names_differ(in, proxies);
  check_secret(in, proxies);
  check_users(in, proxies);
  return proxies;
}

}  // namespace moorgate::http
