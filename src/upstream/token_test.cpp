#include "upstream/token.hpp"

#include <gtest/gtest.h>

#include <string>

namespace moorgate::upstream {
namespace {

using std::chrono::seconds;

TEST(Token, ReadsWhatTokenServicesAnswer) {
  struct {
    const char* json;
    const char* token;
    seconds lifetime;
  } const cases[] = {
      {R"({"token":"a.b.c"})", "a.b.c", seconds(60)},
      {R"({"access_token":"x","expires_in":300,"issued_at":"2026-01-01T00:00:00Z"})", "x",
       seconds(300)},
      {R"({"token":"t","access_token":"a","expires_in":0})", "t", seconds(60)},
      {R"({"token":"","access_token":"a","expires_in":-5})", "a", seconds(60)},
      {R"({"token":"t","expires_in":"300"})", "t", seconds(60)},
      {R"({"token":"t","expires_in":1e300})", "t", seconds(60)},
      {R"({"token":"t","expires_in":99999999999})", "t", seconds(86'400)},
  };
  for (const auto& each : cases) {
    const auto token = parse_token(each.json);
    ASSERT_TRUE(token) << each.json;
    EXPECT_EQ(token->value.reveal(), each.token) << each.json;
    EXPECT_EQ(token->lifetime, each.lifetime) << each.json;
  }
}

TEST(Token, RefusesWhatCannotBeSent) {
  for (const std::string& json :
       {std::string(), std::string("[]"), std::string("{}"), std::string(R"({"token":5})"),
        std::string(R"({"token":"a\r\nX: y"})"), std::string(R"({"token":"a b"})"),
        R"({"token":")" + std::string(20'000, 'x') + "\"}", std::string(R"({"token":"a")"),
        std::string(100, '[')}) {
    EXPECT_FALSE(parse_token(json)) << json.substr(0, 60);
  }
}

TEST(Token, AsksForEveryScope) {
  TokenService service;
  service.realm = *http::Url::parse("https://auth/token");
  service.service = "my registry";
  EXPECT_EQ(service.url("").target, "/token?service=my%20registry");
  EXPECT_EQ(service.url("repository:a/b:pull,push repository:c:pull").target,
            "/token?service=my%20registry&scope=repository%3Aa%2Fb%3Apull%2Cpush"
            "&scope=repository%3Ac%3Apull");
  service.realm = *http::Url::parse("https://auth/token?x=y");
  service.service = "";
  EXPECT_EQ(service.url("a").target, "/token?x=y&scope=a");
}

TEST(Token, ThePasswordGoesOnlyWhereItIsSafe) {
  struct {
    const char* upstream;
    const char* realm;
    Trust trust;
    const char* token_realm = "";
  } const cases[] = {
      {"https://registry", "https://auth.elsewhere/token", Trust::full},
      {"https://registry", "http://registry/token", Trust::none},
      {"https://registry", "http://auth/token", Trust::none},
      {"http://registry:5000", "http://registry:5001/token", Trust::full},
      {"http://registry:5000", "https://registry/token", Trust::full},
      {"http://registry:5000", "https://auth/token", Trust::anonymous},
      {"unix:/run/registry", "https://auth/token", Trust::full},
      {"http://registry:5000", "https://auth/token", Trust::full, "https://auth/token"},
      {"http://registry:5000", "http://auth/token", Trust::anonymous},
      {"http://registry:5000", "unix:/run/auth", Trust::none},
      {"unix:/run/registry", "http://auth/token", Trust::anonymous},
      {"http://registry:5000", "http://auth:5001/elsewhere", Trust::full, "http://auth:5001/token"},
      {"https://registry", "http://auth:5001/token", Trust::full, "http://auth:5001/token"},
      {"http://registry:5000", "http://auth:5002/token", Trust::none, "http://auth:5001/token"},
      {"http://registry:5000", "http://registry:5000/token", Trust::none, "http://auth/token"},
      {"https://registry", "https://auth.elsewhere/token", Trust::none, "https://auth/token"},
      {"https://registry", "https://auth/token", Trust::full, "https://auth/token"},
  };
  for (const auto& each : cases) {
    UpstreamConfig config;
    config.url = *http::Url::parse(each.upstream);
    config.token_realm = each.token_realm;
    EXPECT_EQ(trust_in(*http::Url::parse(each.realm), config), each.trust)
        << each.upstream << " names " << each.realm;
  }
}

}  // namespace
}  // namespace moorgate::upstream
