#include "auth/proxied_user.hpp"

#include <gtest/gtest.h>

#include <string>

namespace moorgate::auth {
namespace {

/// "name: group|group", or what is wrong.
std::string summary(const http::ProxiedUser& user) {
  const auto principal = principal_of(user);
  if (!principal) return "error: " + principal.error().message;
  std::string out = (*principal)->name() + ":";
  for (const auto& group : (*principal)->groups()) out += " " + group + "|";
  return out;
}

TEST(ProxiedUser, BecomesAPrincipalWithItsGroups) {
  struct Case {
    http::ProxiedUser user;
    std::string_view expected;
  };
  for (const auto& [user, expected] : {
           Case{{"alice", ""}, "alice:"},
           Case{{"alice", "dev"}, "alice: dev|"},
           Case{{"alice", "dev,ops"}, "alice: dev| ops|"},
           Case{{"alice", " dev ,\tDomain Users, ,"}, "alice: dev| Domain Users|"},
           Case{{"alice", "dev  ops"}, "alice: dev| ops|"},
           Case{{"CORP\\alice@example.com", "CN=dev"}, "CORP\\alice@example.com: CN=dev|"},
           Case{{"j\xc3\xb6rg", ""}, "j\xc3\xb6rg:"},
       }) {
    EXPECT_EQ(summary(user), expected);
  }
  EXPECT_EQ((*principal_of({"alice", ""}))->source(), "proxy");
}

TEST(ProxiedUser, MustBeANameThatAUserCanHave) {
  for (const http::ProxiedUser& user : {
           http::ProxiedUser{"", "dev"},
           http::ProxiedUser{"a:b", ""},
           http::ProxiedUser{"#alice", ""},
           http::ProxiedUser{"a\tb", ""},
           http::ProxiedUser{std::string(256, 'a'), ""},
           http::ProxiedUser{"j\xf6rg", ""},
           http::ProxiedUser{"alice", "dev,a:b"},
           http::ProxiedUser{"alice", "\xf6"},
       }) {
    EXPECT_TRUE(summary(user).starts_with("error: the proxy names a ")) << summary(user);
  }
  std::string many;
  for (std::size_t i = 0; i < kProxiedGroupLimit; ++i) many += "g" + std::to_string(i) + ",";
  EXPECT_FALSE(summary({"alice", many}).starts_with("error"));
  EXPECT_TRUE(summary({"alice", many + "one"}).starts_with("error: the proxy names more than 256"));
}

}  // namespace
}  // namespace moorgate::auth
