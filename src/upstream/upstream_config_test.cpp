#include "upstream/upstream_config.hpp"

#include <gtest/gtest.h>

#include <string>

namespace moorgate::upstream {
namespace {

struct Parsed {
  UpstreamConfig config;
  std::vector<config::Problem> problems;
};

Parsed parse(std::string_view yaml) {
  const auto document = config::Document::parse(yaml, "test.yml");
  Parsed parsed;
  parsed.config = parse_upstream(document.root().section("upstream", "", "url"));
  parsed.problems = document.problems();
  return parsed;
}

TEST(UpstreamConfig, APlainUrlIsEnough) {
  const auto parsed = parse("upstream: http://registry:5000");
  EXPECT_TRUE(parsed.problems.empty());
  EXPECT_EQ(parsed.config.url.text(), "http://registry:5000/");
}

TEST(UpstreamConfig, ReadsEverything) {
  const auto parsed = parse(
      "upstream:\n  url: https://registry\n  ca: ca.pem\n  certificate: c.pem\n  key: k.pem\n"
      "  username: gate\n  password: secret\n  token_realm: http://auth:5001/token\n"
      "  connect_timeout: 2s\n  response_timeout: 1m\n  progress_timeout: 5s\n  idle_timeout: 10s\n"
      "  connections: 7\n");
  EXPECT_TRUE(parsed.problems.empty());
  EXPECT_EQ(parsed.config.password.reveal(), "secret");
  EXPECT_EQ(parsed.config.timeouts.connect, std::chrono::seconds(2));
  EXPECT_EQ(parsed.config.connections, 7U);
}

TEST(UpstreamConfig, SaysWhatIsWrong) {
  struct {
    const char* yaml;
    const char* key;
  } const cases[] = {
      {"upstream: registry:5000", "upstream.url"},
      {"upstream: http://registry/v2/", "upstream.url"},
      {"upstream: http://me:pw@registry/", "upstream.url"},
      {"upstream: {url: 'https://registry', certificate: c.pem}", "upstream.certificate"},
      {"upstream: {url: 'https://registry', key: k.pem}", "upstream.key"},
      {"upstream: {url: 'http://registry', ca: ca.pem}", "upstream.ca"},
      {"upstream: {url: 'http://registry', username: gate}", "upstream.username"},
      {"upstream: {url: 'http://registry', password: secret}", "upstream.password"},
      {"upstream: {url: 'http://registry', username: 'a:b', password: x}", "upstream.username"},
      {"upstream: {url: 'http://registry', token_realm: auth}", "upstream.token_realm"},
      {"upstream: {url: 'http://registry', insecure_skip_verify: true}",
       "upstream.insecure_skip_verify"},
  };
  for (const auto& each : cases) {
    const auto parsed = parse(each.yaml);
    ASSERT_EQ(parsed.problems.size(), 1U) << each.yaml;
    EXPECT_EQ(parsed.problems.front().key, each.key) << each.yaml;
    EXPECT_EQ(parsed.problems.front().message.find("pw"), std::string::npos);
  }
}

}  // namespace
}  // namespace moorgate::upstream
