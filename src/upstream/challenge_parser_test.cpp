#include "upstream/challenge_parser.hpp"

#include <gtest/gtest.h>

#include <string>

namespace moorgate::upstream {
namespace {

std::string print(const std::vector<Challenge>& all) {
  std::string out;
  for (const auto& challenge : all) {
    out += challenge.scheme + "(" + challenge.token68;
    for (const auto& [name, value] : challenge.parameters) out += name + "=[" + value + "]";
    out += ")";
  }
  return out;
}

TEST(ChallengeParser, ReadsWhatServersSend) {
  struct {
    const char* text;
    const char* read;
  } const cases[] = {
      {"Basic realm=\"Registry Realm\"", "basic(realm=[Registry Realm])"},
      {"Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
       "scope=\"repository:a/b:pull,push\"",
       "bearer(realm=[https://auth.docker.io/token]service=[registry.docker.io]"
       "scope=[repository:a/b:pull,push])"},
      {"Negotiate", "negotiate()"},
      {"Negotiate dG9rZW4=", "negotiate(dG9rZW4=)"},
      {"Negotiate abc/+._~-==, Basic realm=x", "negotiate(abc/+._~-==)basic(realm=[x])"},
      {"Basic realm=\"a\", Bearer realm=\"b\", error=\"c\"",
       "basic(realm=[a])bearer(realm=[b]error=[c])"},
      {"Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"",
       "newauth(realm=[apps]type=[1]title=[Login to \"apps\"])basic(realm=[simple])"},
      {"BASIC REALM = \"a, b=c\"", "basic(realm=[a, b=c])"},
      {" , ,Basic  realm=a , , charset=UTF-8,", "basic(realm=[a]charset=[UTF-8])"},
      {"Basic, Bearer realm=\"\"", "basic()bearer(realm=[])"},
      {"", ""},
  };
  for (const auto& each : cases) {
    const auto all = parse_challenges(each.text);
    ASSERT_TRUE(all) << each.text;
    EXPECT_EQ(print(*all), each.read) << each.text;
  }
}

TEST(ChallengeParser, RefusesWhatIsNone) {
  std::string many = "Basic a0=b";
  for (int i = 1; i < 100; ++i) many += ", a" + std::to_string(i) + "=b";
  for (const std::string& text :
       {std::string("Basic realm=\"open"), std::string("Basic realm=\"a\\"),
        std::string("Basic realm=\"a\"b"), std::string("=a"), std::string("Basic realm=a, realm=b"),
        std::string("Basic realm=a Realm=b"), std::string("Basic a b"), std::string("\"Basic\""),
        std::string("Basic \x01"), std::string("Basic realm=\"\x01\""),
        std::string("Bas(ic realm=a"), std::string(kMaxChallengeText, ' ') + "Basic", many}) {
    EXPECT_FALSE(parse_challenges(text)) << text.substr(0, 60);
  }
  std::string schemes;
  for (std::size_t i = 0; i <= kMaxChallenges; ++i) schemes += "Basic,";
  EXPECT_FALSE(parse_challenges(schemes));
}

}  // namespace
}  // namespace moorgate::upstream
