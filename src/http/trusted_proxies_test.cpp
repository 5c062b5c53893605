#include "http/trusted_proxies.hpp"

#include <gtest/gtest.h>

namespace moorgate::http {
namespace {

/// The problems, one a line; the values are left in `into`.
std::string problems_of(std::string_view yaml, TrustedProxies* into = nullptr) {
  const auto document = config::Document::parse(yaml, "/etc/m.yml");
  TrustedProxies proxies =
      parse_trusted_proxies(document.root().section("trusted_proxies", "of the test"));
  if (into != nullptr) *into = std::move(proxies);
  std::string out;
  for (const auto& problem : document.problems()) out += to_string(problem) + "\n";
  return out;
}

TEST(ParseTrustedProxies, ReadsEverything) {
  TrustedProxies proxies;
  EXPECT_EQ(problems_of("trusted_proxies:\n"
                        "  from: [127.0.0.1, fd00::/8, 'unix:']\n"
                        "  headers: forwarded\n"
                        "  user_header: X-Remote-User\n"
                        "  groups_header: X-Remote-Groups\n"
                        "  secret_header: X-Proxy-Secret\n"
                        "  secret: 0123456789abcdef\n",
                        &proxies),
            "");
  EXPECT_EQ(proxies.from.size(), 3U);
  EXPECT_TRUE(proxies.takes_over_users());
  EXPECT_EQ(proxies.secret.reveal(), "0123456789abcdef");
  EXPECT_TRUE(proxies.lists(net::Address::from_ip("fd00::1").value()));
}

TEST(ParseTrustedProxies, RefusesHoles) {
  struct Case {
    std::string_view keys;
    std::string_view word;
  };
  for (const auto& [keys, word] : {
           Case{"from: 0.0.0.0/0", "unsafe: true"},
           Case{"from: [10.0.0.0/8, '::/0']", "unsafe: true"},
           Case{"from: 128.0.0.0/1", "unsafe: true"},
           Case{"from: '::ffff:0.0.0.0/96'", "unsafe: true"},
           Case{"from: 2000::/3", "unsafe: true"},
           Case{"from: localhost", "no network"},
           Case{"{from: 10.0.0.0/8, user_header: Authorization}", "user_header"},
           Case{"{from: 10.0.0.0/8, user_header: X_User}", "underscore"},
           Case{"{from: 10.0.0.0/8, user_header: 'X User'}", "user_header"},
           Case{"{from: 10.0.0.0/8, user_header: X-Forwarded-For}", "user_header"},
           Case{"user_header: X-User", "from"},
           Case{"{from: 10.0.0.0/8, groups_header: X-Groups}", "user_header"},
           Case{"{from: 127.0.0.1, user_header: X-User}", "secret"},
           Case{"{from: '::1', user_header: X-User}", "secret"},
           Case{"{from: 127.0.0.0/8, user_header: X-User}", "secret"},
           Case{"{from: 0.0.0.0/0, unsafe: yes, user_header: X-User}", "secret"},
           Case{"{from: 10.0.0.0/8, secret_header: X-S}", "secret"},
           Case{"{from: 10.0.0.0/8, secret: 0123456789abcdef}", "secret_header"},
           Case{"{from: 10.0.0.0/8, secret_header: X-S, secret: short}", "too short"},
           Case{"{from: 10.0.0.0/8, user_header: X-A, groups_header: x-a}", "twice"},
       }) {
    const std::string yaml = keys.starts_with('{') ? "trusted_proxies: " + std::string(keys)
                                                   : "trusted_proxies:\n  " + std::string(keys);
    const std::string problems = problems_of(yaml);
    EXPECT_NE(problems.find(word), std::string::npos) << keys << " -> " << problems;
  }
  for (const std::string_view fine :
       {"{from: 0.0.0.0/0, unsafe: true}", "{from: 10.0.0.0/8, user_header: X-User}",
        "{from: 'unix:', user_header: X-User}", "{from: 127.0.0.1}", "{}"}) {
    EXPECT_EQ(problems_of("trusted_proxies: " + std::string(fine)), "") << fine;
  }
}

}  // namespace
}  // namespace moorgate::http
