#include "auth/credentials.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace moorgate::auth {
namespace {

std::string basic(std::string_view pair) {
  return "Basic " + to_base64(pair);
}

TEST(Credentials, AreNothingWithoutUserAndPassword) {
  const std::string nothing[] = {"", "Basic Og==", "basic Og==", basic(":")};
  for (const auto& header : nothing) {
    const auto parsed = Credentials::parse(header);
    ASSERT_TRUE(parsed) << header;
    EXPECT_TRUE(parsed->none()) << header;
  }
}

TEST(Credentials, AreSplitAtTheFirstColon) {
  struct Case {
    std::string header;
    std::string user;
    std::string password;
  };
  const Case cases[] = {
      {basic("alice:secret"), "alice", "secret"},
      {"bAsIc   " + to_base64("alice:secret"), "alice", "secret"},
      {basic("alice:a:b:"), "alice", "a:b:"},
      {basic("zo\xc3\xab:p\xc3\xa4ss w\xc3\xb6rd"), "zo\xc3\xab", "p\xc3\xa4ss w\xc3\xb6rd"},
      {basic("alice:tab\tand\x01"), "alice", "tab\tand\x01"},
      {basic("alice: "), "alice", " "},
      {basic(std::string(255, 'u') + ":p"), std::string(255, 'u'), "p"},
  };
  for (const auto& c : cases) {
    const auto parsed = Credentials::parse(c.header);
    ASSERT_TRUE(parsed) << c.header;
    EXPECT_FALSE(parsed->none());
    EXPECT_EQ(parsed->user(), c.user);
    EXPECT_EQ(parsed->password().reveal(), c.password);
  }
}

TEST(Credentials, ThatAreBrokenAreNeverAnonymous) {
  using namespace std::string_literals;
  const std::pair<std::string, const char*> cases[] = {
      {"Bearer abc", "another scheme"},
      {"Negotiate", "another scheme without a value"},
      {"Basic", "no value"},
      {"Basic ", "no value"},
      {"BasicOg==", "no blank"},
      {" Basic Og==", "no scheme"},
      {"Basic Og", "no padding"},
      {"Basic Og== Og==", "two values"},
      {"Basic Og==, Bearer x", "a list"},
      {"Basic !!!!", "not base64"},
      {"Basic Oh==", "stray bits behind the padding"},
      {basic("alice"), "no colon"},
      {basic("alice:"), "no password"},
      {basic(":secret"), "no user"},
      {basic("al\0ice:secret"s), "NUL in the user"},
      {basic("alice\0:secret"s), "NUL behind the user"},
      {basic("\0:"s), "only a NUL"},
      {basic("al\nice:secret"), "line feed in the user"},
      {basic("al\x7fice:secret"), "DEL in the user"},
      {basic("alice:sec\0ret"s), "NUL in the password"},
      {basic("alice:\0"s), "only a NUL in the password"},
      {basic(std::string(256, 'u') + ":p"), "a long user"},
      {basic("a:" + std::string(Credentials::kMaxHeader, 'p')), "a long header"},
  };
  for (const auto& [header, why] : cases) {
    const auto parsed = Credentials::parse(header);
    ASSERT_FALSE(parsed) << why;
    EXPECT_EQ(parsed.error().code, Code::unauthorized) << why;
    EXPECT_FALSE(parsed.error().message.contains("secret")) << why;
  }
}

}  // namespace
}  // namespace moorgate::auth
