#include "api/gate.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace moorgate::api {
namespace {

using access::Action;
using http::Method;
using Kind = access::Subject::Kind;

Gate make_gate(bool open_to_anyone) {
  access::AccessConfig config;
  config.rules = {
      {.who = {Kind::signed_in}, .repositories = {"team/*"}, .allow = {Action::pull}},
      {.who = {Kind::user, "carol"}, .repositories = {"team/*"}, .allow = {Action::push}}};
  if (open_to_anyone) {
    config.rules.push_back(
        {.who = {Kind::anyone}, .repositories = {"open/*"}, .allow = {Action::pull}});
  }
  return Gate({.authenticator = nullptr,
               .authorizer = std::make_unique<access::Authorizer>(
                   std::make_shared<access::Policy>(std::move(config))),
               .challenge = "Basic realm=\"test\""});
}

/// "permit:pull", "admitted" (no repository), or "status CODE".
std::string verdict(const Gate& gate, const std::string& user, Method method, std::string_view path,
                    std::string_view query = {}) {
  const auth::Principal who = user.empty() ? auth::Principal() : auth::Principal(user, "");
  const auto admitted = gate.admit(who, Intent::of(method, path, query));
  if (!admitted) {
    return std::to_string(admitted.error().status) + " " + std::string(admitted.error().code);
  }
  if (!*admitted) return "admitted";
  return "permit:" + std::string(access::to_string((*admitted)->action()));
}

struct Case {
  std::string_view user;
  Method method;
  std::string_view path;
  std::string_view expected;
};

TEST(GateTest, AdmitsByRuleAndSaysWhyNot) {
  const Gate gate = make_gate(false);
  const std::string digest = "sha256:" + std::string(64, 'a');
  const std::string blob = "/v2/team/app/blobs/" + digest;
  const std::string elsewhere = "/v2/other/app/manifests/latest";
  const Case cases[] = {
      {"bob", Method::get, "/v2/", "admitted"},
      {"bob", Method::get, "/v2/_catalog", "admitted"},
      {"bob", Method::get, "/v2/team/app/manifests/latest", "permit:pull"},
      {"bob", Method::put, "/v2/team/app/manifests/latest", "403 DENIED"},
      {"carol", Method::put, "/v2/team/app/manifests/latest", "permit:push"},
      {"carol", Method::remove, "/v2/team/app/manifests/latest", "403 DENIED"},
      {"carol", Method::post, "/v2/team/app/blobs/uploads/", "permit:push"},
      {"bob", Method::post, "/v2/team/app/blobs/uploads/", "403 DENIED"},
      {"bob", Method::get, elsewhere, "403 DENIED"},
      {"bob", Method::head, blob, "permit:pull"},
      {"bob", Method::post, blob, "405 UNSUPPORTED"},
      {"bob", Method::put, "/v2/_catalog", "405 UNSUPPORTED"},
      {"bob", Method::get, "/v2/nothing", "404 UNSUPPORTED"},
      {"bob", Method::get, "/v2/team/app/manifests/no!tag", "400 TAG_INVALID"},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(verdict(gate, std::string(each.user), each.method, each.path), each.expected)
        << each.user << " " << each.path;
  }
  EXPECT_EQ(verdict(gate, "bob", Method::get, "/v2/_catalog", "n=%zz"), "400 UNSUPPORTED");
}

TEST(GateTest, TellsStrangersNothingButHowToSignIn) {
  const Gate gate = make_gate(false);
  for (const std::string_view path :
       {"/v2/", "/v2/_catalog", "/v2/team/app/manifests/latest", "/v2/nothing",
        "/v2/team/app/manifests/no!tag", "/v2/UPPER/manifests/x", "/v2/team/app/blobs/uploads/"}) {
    for (const Method method : {Method::get, Method::put, Method::post, Method::other}) {
      EXPECT_EQ(verdict(gate, "", method, path), "401 UNAUTHORIZED") << path;
    }
  }
}

TEST(GateTest, WhereAnyoneMayPullListsAreOpenButTheBaseStillChallenges) {
  const Gate gate = make_gate(true);
  EXPECT_EQ(verdict(gate, "", Method::get, "/v2/open/app/manifests/latest"), "permit:pull");
  EXPECT_EQ(verdict(gate, "", Method::get, "/v2/_catalog"), "admitted");
  EXPECT_EQ(verdict(gate, "", Method::get, "/v2/"), "401 UNAUTHORIZED");
  EXPECT_EQ(verdict(gate, "", Method::put, "/v2/_catalog"), "401 UNAUTHORIZED");
}

TEST(GateTest, WhereNobodySignsInNobodyIsChallenged) {
  access::AccessConfig config;
  config.rules = {{.who = {Kind::anyone}, .repositories = {"open/*"}, .allow = {Action::pull}}};
  const Gate gate({.authenticator = nullptr,
                   .authorizer = std::make_unique<access::Authorizer>(
                       std::make_shared<access::Policy>(std::move(config))),
                   .challenge = "",
                   .sign_in = false});
  EXPECT_EQ(verdict(gate, "", Method::get, "/v2/"), "admitted");
  EXPECT_EQ(verdict(gate, "", Method::get, "/v2/open/app/manifests/x"), "permit:pull");
  EXPECT_EQ(verdict(gate, "", Method::put, "/v2/open/app/manifests/x"), "403 DENIED");
  EXPECT_EQ(verdict(gate, "", Method::get, "/v2/nothing"), "404 UNSUPPORTED");
  EXPECT_EQ(gate.settled(Refusal::challenge("wrong password")).status, 403);
}

TEST(GateTest, WhoMayOnlyPushMayLookFirst) {
  access::AccessConfig config;
  config.rules = {{.who = {Kind::user, "ci"}, .repositories = {"**"}, .allow = {Action::push}}};
  const Gate gate({.authenticator = nullptr,
                   .authorizer = std::make_unique<access::Authorizer>(
                       std::make_shared<access::Policy>(std::move(config))),
                   .challenge = ""});
  EXPECT_EQ(verdict(gate, "ci", Method::head, "/v2/a/manifests/x"), "permit:pull");
  EXPECT_EQ(verdict(gate, "ci", Method::get, "/v2/a/manifests/x"), "403 DENIED");
}

}  // namespace
}  // namespace moorgate::api
