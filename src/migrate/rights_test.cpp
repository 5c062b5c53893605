#include "migrate/rights.hpp"

#include <gtest/gtest.h>

#include "migrate/import.hpp"
#include "migrate/migrate_test_kit.hpp"

namespace moorgate::migrate {
namespace {

/// The rules and groups that come of a server's inside, without comments.
std::string rules_of(const std::string& server, const std::string& before = "") {
  FakeFiles files{{"/etc/nginx/nginx.conf", before + "server { listen 443; " + server + "}"},
                  {"/etc/nginx/users", "alice:1\nbob:2\ncarol:3\n"},
                  {"/etc/nginx/pushers", "alice:1\n"}};
  ImportRequest request;
  request.nginx = "/etc/nginx/nginx.conf";
  const auto imported = import_configuration(files, request);
  if (!imported.problems.empty()) return to_string(imported.problems.front());
  std::string out;
  std::string_view yaml = imported.yaml;
  while (!yaml.empty()) {
    const std::string_view line = yaml.substr(0, yaml.find('\n'));
    yaml.remove_prefix(line.size() + 1);
    const std::string_view text = line.substr(0, line.find("  # "));
    if (text.contains("{ who:") || text.contains(": [")) out += std::string(trim(text)) + "\n";
  }
  return out + (imported.report.lost.empty() ? "" : "lost\n");
}

const std::string kBasic = "auth_basic x; auth_basic_user_file users; ";
const std::string kPass = "proxy_pass http://r; ";

TEST(Rights, OfEverybodyWithAPassword) {
  EXPECT_EQ(rules_of(kBasic + "location / { " + kPass + "}"),
            "- { who: signed-in, repositories: \"**\", allow: [pull, push, delete] }\n");
}

TEST(Rights, AFileThatCannotBeReadStillNamesItsUsersAsAWhole) {
  EXPECT_EQ(rules_of("auth_basic x; auth_basic_user_file gone; location / { " + kPass + "}"),
            "- { who: signed-in, repositories: \"**\", allow: [pull, push, delete] }\nlost\n");
}

const std::string kMap = "map $remote_user $no { default 0; bob 1; } ";
const std::string kRefuse =
    "if ($request_method = PUT) { set $p 1$no; } if ($p = 11) { return 403; } ";

TEST(Rights, WhoIsRefusedByNameMayNotPush) {
  EXPECT_EQ(rules_of(kBasic + "set $p ''; " + "location / { " + kRefuse + kPass + "}", kMap),
            "may-push: [alice, carol]\n"
            "- { who: signed-in, repositories: \"**\", allow: [pull, delete] }\n"
            "- { who: \"group:may-push\", repositories: \"**\", allow: [push] }\n");
}

TEST(Rights, OfThoseInASecondFile) {
  EXPECT_EQ(rules_of(kBasic + "location / { limit_except GET { auth_basic_user_file pushers; } " +
                     kPass + "}"),
            "pushers: [alice]\n"
            "- { who: signed-in, repositories: \"**\", allow: [pull] }\n"
            "- { who: \"group:pushers\", repositories: \"**\", allow: [push, delete] }\n");
}

TEST(Rights, ACornerThatIsClosed) {
  EXPECT_EQ(rules_of(kBasic + "location / { " + kPass +
                     "} location /v2/attic/ { limit_except GET { deny all; } " + kPass + "}"),
            "- { who: signed-in, repositories: \"**\", allow: [pull, push, delete] }\n"
            "- { who: anyone, repositories: [attic, \"attic/**\"], deny: [push, delete] }\n");
}

TEST(Rights, ANameWithoutAPasswordIsNoRight) {
  EXPECT_EQ(rules_of("location / { if ($remote_user = '') { return 401; } " + kPass + "}"),
            "access: []\nlost\n");
}

TEST(Rights, OnlyANetworkIsNoRightEither) {
  EXPECT_EQ(rules_of("location / { allow 10.0.0.0/8; deny all; " + kPass + "}"),
            "access: []\nlost\n");
}

TEST(Rights, HalfAPushIsNone) {
  EXPECT_EQ(rules_of(kBasic + "location / { " + kPass +
                     "} location ~ /blobs/uploads/ { deny all; " + kPass + "}"),
            "- { who: signed-in, repositories: \"**\", allow: [pull, delete] }\n");
}

}  // namespace
}  // namespace moorgate::migrate
