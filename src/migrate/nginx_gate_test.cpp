#include "migrate/nginx_gate.hpp"

#include <gtest/gtest.h>

#include "migrate/migrate_test_kit.hpp"

namespace moorgate::migrate {
namespace {

/// "proxied to http://r with users (narrowed) …"
std::string described(const std::string& server, const std::string& method,
                      const std::string& user = "alice",
                      const std::string& path = "/v2/app/manifests/latest") {
  const Directive root = parsed("server { " + server + " }");
  const std::vector<const Directive*> none;
  Patterns patterns;
  const Gate gate = gate_of({{&root}, root.children.front(), none, patterns}, {method, path, user});
  std::string out = gate.way == Gate::Way::proxied   ? "proxied"
                    : gate.way == Gate::Way::refused ? "refused"
                                                     : "elsewhere";
  for (const auto& file : gate.files) out += " " + file.text;
  if (!gate.narrowed.empty()) out += " narrowed";
  if (!gate.bypassed.empty()) out += " bypassed";
  if (!gate.holes.empty()) out += " hole";
  if (!gate.unclear.empty()) out += " unclear";
  return out;
}

struct Case {
  std::string server;
  std::string get;
  std::string put;
};

const std::string kPass = " proxy_pass http://r; ";

TEST(NginxGate, SaysWhatIsDemanded) {
  const std::string basic = "auth_basic x; auth_basic_user_file u; ";
  for (const auto& [server, get, put] : std::initializer_list<Case>{
           {"location / {" + kPass + "}", "proxied", "proxied"},
           {"location / { root /srv; }", "elsewhere", "elsewhere"},
           {basic + "location / {" + kPass + "}", "proxied u", "proxied u"},
           {basic + "location / { auth_basic off;" + kPass + "}", "proxied", "proxied"},
           {"auth_basic x; location / {" + kPass + "}", "proxied hole", "proxied hole"},
           {basic + "location / { auth_basic_user_file other;" + kPass + "}", "proxied other",
            "proxied other"},
           {"location / { limit_except GET { " + basic + "}" + kPass + "}", "proxied", "proxied u"},
           {"location / { " + basic + "limit_except GET { deny all; }" + kPass + "}", "proxied u",
            "refused u"},
           {"location / { limit_except PUT { deny all; }" + kPass + "}", "refused", "proxied"},
           {"location / { deny all;" + kPass + "}", "refused", "refused"},
           {"location / { allow all; deny all;" + kPass + "}", "proxied", "proxied"},
           {"location / { allow 10.0.0.0/8; deny all;" + kPass + "}", "proxied narrowed",
            "proxied narrowed"},
           {"location / { deny 10.0.0.9;" + kPass + "}", "proxied narrowed", "proxied narrowed"},
           {"deny all; location / { allow all;" + kPass + "}", "proxied", "proxied"},
           {"location / { satisfy any; allow 10.0.0.0/8; deny all; " + basic + kPass + "}",
            "proxied u bypassed", "proxied u bypassed"},
           {"location / { satisfy any; allow all; " + basic + kPass + "}", "proxied hole",
            "proxied hole"},
           {"location / { satisfy any; deny all; " + basic + kPass + "}", "proxied u", "proxied u"},
           {"location / { satisfy any; " + basic + kPass + "}", "proxied u", "proxied u"},
           {"location / { auth_request /a;" + kPass + "}", "proxied narrowed", "proxied narrowed"},
           {"location / { satisfy any; auth_request /a; " + basic + kPass + "}",
            "proxied u bypassed", "proxied u bypassed"},
           {"location / { if ($request_method = PUT) { return 403; }" + kPass + "}", "proxied",
            "refused"},
           {"if ($request_method !~ ^(GET|HEAD)$) { return 405; } location / {" + kPass + "}",
            "proxied", "refused"},
           {"return 301 https://x; location / {" + kPass + "}", "elsewhere", "elsewhere"},
           {"location / { if ($remote_addr = 10.0.0.1) { return 403; }" + kPass + "}",
            "proxied narrowed", "proxied narrowed"},
           {"location / { set $no 0; if ($remote_addr = 10.0.0.1) { set $no 1; } if ($no) { return "
            "403; }" +
                kPass + "}",
            "proxied narrowed unclear", "proxied narrowed unclear"},
           {"location / { set $r off; if ($request_method = PUT) { set $r on; } auth_basic $r; "
            "auth_basic_user_file u;" +
                kPass + "}",
            "proxied", "proxied u"},
           // A limit_except has no statements of its own, and the location's are not run for it.
           {"location / { if ($request_method = PUT) { return 403; } limit_except GET { allow all; "
            "}" +
                kPass + "}",
            "proxied", "proxied"},
           {"location / { rewrite ^/old /v2/ last;" + kPass + "}", "proxied unclear",
            "proxied unclear"},
           {"location / { set $r on; if ($request_method != PUT) { break; } set $r off; auth_basic "
            "$r; "
            "auth_basic_user_file u;" +
                kPass + "}",
            "proxied u", "proxied"},
           {"location / { internal;" + kPass + "}", "refused", "refused"},
           {"location / { try_files /x @r; } location @r { deny all;" + kPass + "}", "refused",
            "refused"},
           // The access phase of the first location comes before its try_files.
           {"location / { " + basic + "try_files /x @r; } location @r {" + kPass + "}", "proxied u",
            "proxied u"},
           {"location / { deny all; try_files /x @r; } location @r {" + kPass + "}", "refused",
            "refused"},
           {"location / { limit_except GET { deny all; } try_files /x @r; } location @r {" + kPass +
                "}",
            "proxied", "refused"},
           {"location / { " + kPass + "try_files /x @r; } location @r { " + basic + kPass + "}",
            "proxied u", "proxied u"},
           {"location / { satisfy any; allow all; " + basic +
                "try_files /x @r; } location @r { auth_basic y; auth_basic_user_file v; " + kPass +
                "}",
            "proxied v hole", "proxied v hole"},
           {"location / { " + kPass + "try_files /x =404; }", "refused unclear", "refused unclear"},
           {"location / { set '' x; " + kPass + "}", "proxied", "proxied"},
           {"auth_ldap x; location / { auth_ldap off;" + kPass + "}", "proxied", "proxied"},
           {"auth_ldap_cache_enabled on; location / {" + kPass + "}", "proxied", "proxied"},
           {"location / { shib_request /s;" + kPass + "}", "proxied narrowed", "proxied narrowed"},
           {"location / { if ($cookie_s = '') { return 302 https://login; }" + kPass + "}",
            "proxied narrowed", "proxied narrowed"},
           {"location / { if ($http_x_key != k) { rewrite ^ /denied last; }" + kPass + "}",
            "proxied narrowed", "proxied narrowed"},
           {"location / { access_by_lua_file a.lua;" + kPass + "}", "proxied narrowed",
            "proxied narrowed"},
           {"auth_digest x; location / {" + kPass + "}", "proxied narrowed", "proxied narrowed"},
           {"error_page 418 = @w; location / { if ($request_method = PUT) { return 418; }" + kPass +
                "} location @w { " + basic + kPass + "}",
            "proxied", "refused unclear"},
           {"ssl_verify_client on; location / { " + basic + kPass + "}", "proxied u narrowed",
            "proxied u narrowed"},
       }) {
    EXPECT_EQ(described(server, "GET"), get) << server;
    EXPECT_EQ(described(server, "HEAD"), get) << server;
    EXPECT_EQ(described(server, "PUT"), put) << server;
  }
}

TEST(NginxGate, FillsVariablesIntoTheTarget) {
  const Directive root =
      parsed("server { set $r registry; location / { proxy_pass http://${r}:5000; } }");
  const std::vector<const Directive*> none;
  Patterns patterns;
  const Gate gate = gate_of({{&root}, root.children.front(), none, patterns}, {"GET", "/v2/"});
  EXPECT_EQ(gate.target, "http://registry:5000");
}

}  // namespace
}  // namespace moorgate::migrate
