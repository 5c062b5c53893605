#include "migrate/second_look.hpp"

#include <gtest/gtest.h>

#include "migrate/import.hpp"
#include "migrate/migrate_test_kit.hpp"

namespace moorgate::migrate {
namespace {

const std::string kBasic = "auth_basic x; auth_basic_user_file users; ";
const std::string kPass = "proxy_pass http://r; ";
const std::string kAll = "location /v2/ { " + kBasic + kPass + "} ";

Imported imported(const std::string& server, const std::string& before = "") {
  FakeFiles files{{"/etc/nginx/nginx.conf", before + "server { listen 443; " + server + "}"},
                  {"/etc/nginx/users", "alice:1\nbob:2\n"}};
  ImportRequest request;
  request.nginx = "/etc/nginx/nginx.conf";
  return import_configuration(files, request);
}

/// What was said, but for what was wide open before.
std::string said(const Imported& result) {
  std::string text;
  for (const auto& remark : result.report.lost) text += remark.text + "\n";
  for (const auto& remark : result.report.unclear) text += remark.text + "\n";
  return text;
}

struct Case {
  std::string server;
  std::string told;  // something of it is told
  std::string before = {};
};

TEST(SecondLook, WhatNoRuleSaysIsTold) {
  for (const auto& [server, told, before] : std::initializer_list<Case>{
           {kAll + "location ~ ^/v2/secret\\d/ { deny all; }", "could not pull in secret7"},
           {kAll + "location ~ ^/v2/team\\w/ { deny all; }", "could not pull in team"},
           {kAll + "location ~ ^/v2/prod./ { limit_except GET { deny all; } " + kBasic + kPass +
                "}",
            "could not push in prod"},
           {kAll + "location ~ ^/v2/ci[a-z0-9]+/ { auth_basic off; " + kPass + "}",
            "who does not sign in could not pull in cizz-9.z_9 and now can"},
           {kAll + "location ~ /v2/secret/ { deny all; }", "could not pull in zz9/v2/secret"},
           {kAll + "location ~ ^/.*/secret/ { deny all; }", "could not pull in x/secret"},
           {kAll + "location ~ ^/[v]2/secret/ { deny all; }", "could not pull in secret"},
           {kAll + "location ~* ^/V2/secret\\d/ { deny all; }", "could not pull in secret7"},
           {kAll + "location ~ ^/v2/.+/manifests/v[0-9] { limit_except GET HEAD { deny all; } " +
                kBasic + kPass + "}",
            "could not push the tag v"},
           {kAll + "location = /v2/app/manifests/v1 { deny all; }",
            "could not pull the tag v1 of app"},
           {"location /v2/ { " + kBasic + "if ($request_uri ~ \"/manifests/v\") { return 403; } " +
                kPass + "}",
            "the tag v"},
           {"location /v2/ { auth_basic $realm; auth_basic_user_file users; " + kPass + "}",
            "who does not sign in could not push the tag v1.0",
            "map $uri $realm { default x; ~/manifests/latest$ off; ~/blobs/ off; } "},
           {"server_name a.example.com b.example.com; if ($host = b.example.com) { return 403; } " +
                kAll,
            "could not pull in zz9 at b.example.com"},
           {"location /v2/ { auth_basic $realm; auth_basic_user_file users; " + kPass + "}",
            "could pull in zz9 and no longer can",
            "map $http_x_forwarded_proto $realm { https off; default x; } "},
           {"server_name a.example.com; location /v2/ { auth_basic $realm; auth_basic_user_file "
            "users; " +
                kPass + "}",
            "could pull in zz9 and no longer can",
            "map $http_host $realm { a.example.com off; default x; } "},
           {kAll + "location ~ ^/v2/library/[^/]+/ { limit_except GET HEAD { deny all; } " + kPass +
                "}",
            "could not push in library and now can"},
           {"location /v2/ { " + kBasic +
                "set $w \"\"; if ($request_method = HEAD) { set $w W; } if ($remote_user != alice) "
                "{ "
                "set $w ${w}N; } if ($w = WN) { return 403; } " +
                kPass + "}",
            "only some of the requests that make up a pull in ** were refused to bob"},
           {"location /v2/ { " + kBasic + "if ($args ~ mount=) { return 403; } " + kPass + "}",
            "could not push"},
           {"location /v2/ { " + kBasic + "if ($arg_mount) { return 403; } " + kPass + "}",
            "could not push"},
           {"location /v2/ { " + kBasic + "if ($http_user_agent !~ docker) { return 403; } " +
                kPass + "}",
            "with another client"},
           {kAll + "location /v2/team/ { " + kBasic + "proxy_pass http://other; }",
            "go to another registry, http://other"},
           {"location /v2/ { " + kBasic +
                "if ($request_method ~ ^(GET|HEAD)$) { proxy_pass http://mirror; } " + kPass + "}",
            "go to another registry, http://mirror"},
           {"location /v2/ { " + kBasic + "proxy_pass http://$http_host; }",
            "go to another registry, http://zz9.invalid"},
       }) {
    const auto result = imported(server, before);
    ASSERT_TRUE(result.problems.empty()) << server << result.problems.front().message;
    EXPECT_TRUE(said(result).contains(told)) << server << "\n" << said(result);
  }
}

TEST(SecondLook, HasNothingToAddToWhatRulesSay) {
  for (const auto& server :
       {kAll, kAll + "location ~ ^/v2/[^/]+/[^/]+/(manifests|blobs|tags|referrers)/ { deny all; }",
        kAll + "location /v2/private/ { internal; " + kPass + "}",
        kAll + "location ~ ^/v2/(a|b)/ { limit_except GET { deny all; } " + kBasic + kPass + "}",
        "server_name a.example.com b.example.com; " + kAll}) {
    EXPECT_EQ(said(imported(server)), "") << server;
  }
}

TEST(SecondLook, TellsOfEverybodyAndInBothDirections) {
  const std::string user_map =
      "map \"$remote_user:$request_uri\" $no { default 0; \"~^zoe:/v2/[^/]+/manifests/prod$\" 1; "
      "} ";
  FakeFiles files{{"/etc/nginx/nginx.conf", user_map + "server { listen 443; location /v2/ { " +
                                                kBasic + "if ($no) { return 403; } " + kPass +
                                                "} }"}};
  for (int i = 0; i < 80; ++i) {
    files.texts["/etc/nginx/users"] += "u" + std::to_string(i) + ":1\n";
  }
  files.texts["/etc/nginx/users"] += "zoe:1\n";
  ImportRequest request;
  request.nginx = "/etc/nginx/nginx.conf";
  const std::string many = said(import_configuration(files, request));
  EXPECT_TRUE(many.contains("zoe could not push the tag prod")) << many;
  EXPECT_TRUE(many.contains("more users than")) << many;

  const std::string both =
      said(imported("auth_basic $realm; auth_basic_user_file users; location /v2/pub/ { " + kPass +
                        "} location ~ ^/v2/team\\d/ { " + kPass + "} location /v2/ { return 403; }",
                    "map \"$http_user_agent|$request_uri\" $realm { default x; "
                    "\"~^docker.*\\|/v2/pub/\" off; } "));
  EXPECT_TRUE(both.contains("could pull in team7 and no longer can")) << both;
  EXPECT_TRUE(both.contains("who does not sign in could not pull in pub")) << both;
}

/// Which of several host names a client uses is its own choice.
TEST(SecondLook, WhatIsAskedForAtOneNameIsAskedForAtAll) {
  const auto result = imported(
      "server_name public.example.com registry.example.com; location /v2/ { auth_basic $realm; "
      "auth_basic_user_file users; " +
          kPass + "}",
      "map $host $realm { public.example.com off; default x; } ");
  EXPECT_TRUE(result.yaml.contains("who: signed-in")) << result.yaml;
  EXPECT_FALSE(result.yaml.contains("who: anyone")) << result.yaml;
  EXPECT_TRUE(said(result).contains("could pull in zz9 and no longer can")) << said(result);
}

TEST(SecondLook, WhoIsLetThroughByNameLeadsToTheRegistry) {
  const auto result =
      imported("location /v2/ { " + kBasic + "if ($ok = 0) { return 403; } " + kPass + "}",
               "map $remote_user $ok { default 0; alice 1; } ");
  ASSERT_TRUE(result.problems.empty()) << result.problems.front().message;
  EXPECT_TRUE(result.yaml.contains("[alice]")) << result.yaml;
  const auto named = imported("location /v2/ { try_files /none @registry; } location @registry { " +
                              kBasic + kPass + "}");
  ASSERT_TRUE(named.problems.empty()) << named.problems.front().message;
  EXPECT_EQ(said(named), "try_files: files are not served\n");
  EXPECT_TRUE(imported("location ~ ^/v2/[a-z]+/ { " + kBasic + kPass + "}").problems.empty());
  const auto corner = imported("location /v2/team/ { " + kBasic + kPass + "}");
  ASSERT_TRUE(corner.problems.empty()) << corner.problems.front().message;
  EXPECT_TRUE(corner.yaml.contains("repositories: [team, \"team/**\"]")) << corner.yaml;
}

}  // namespace
}  // namespace moorgate::migrate
