#include "migrate/nginx_values.hpp"

#include <gtest/gtest.h>

#include "migrate/migrate_test_kit.hpp"

namespace moorgate::migrate {
namespace {

const Directive kMaps = parsed(R"(
  map $request_method $writes { default 1; GET 0; HEAD 0; }
  map "$writes:$remote_user" $answer { 1:alice yes; ~^1:b(o+)b$ $1; ~*^0: read; \default odd; default ${writes}x; }
  map $loop_a $loop_b { default $loop_a; }
  map $loop_b $loop_a { default $loop_b; }
  map $remote_addr $inside { default 0; 10.0.0.1 1; }
  map $uri $empty { /x 1; }
)");

std::vector<const Directive*> maps() {
  std::vector<const Directive*> all;
  for (const auto& map : kMaps.children) all.push_back(&map);
  return all;
}

struct Case {
  std::string method;
  std::string user;
  std::string_view text;
  std::optional<std::string> value;
};

TEST(NginxValues, ExpandsMapsOfMaps) {
  for (const auto& [method, user, text, value] : std::initializer_list<Case>{
           {"GET", "", "$writes", "0"},
           {"get", "", "$writes", "0"},
           {"PUT", "", "a${writes}b$", "a1b$"},
           {"PUT", "alice", "$answer", "yes"},
           {"PUT", "ALICE", "$answer", "yes"},
           {"PUT", "boob", "$answer", "oo"},
           {"GET", "bob", "$answer", "read"},
           {"PUT", "carol", "$answer", "1x"},
           {"GET", "", "$empty", ""},
           {"GET", "", "$loop_a", std::nullopt},
           {"GET", "", "$inside", std::nullopt},
           {"GET", "", "$ssl_client_verify", std::nullopt},
           {"GET", "", "$request_uri$args", "/v2/"},
       }) {
    const Request request{method, "/v2/", user};
    const auto all = maps();
    Patterns patterns;
    Values values(all, patterns, request);
    EXPECT_EQ(values.expand(text), value) << method << " " << user << " " << text;
    EXPECT_EQ(values.unknown().empty(), value.has_value());
  }
}

struct Condition {
  std::string_view text;
  std::optional<bool> holds;
};

TEST(NginxValues, TriesConditions) {
  for (const auto& [text, expected] : std::initializer_list<Condition>{
           {"if ($request_method = PUT) {}", true},
           {"if ($request_method != PUT) {}", false},
           {"if ( $request_method ~ ^(PUT|POST)$ ) {}", true},
           {"if ($request_method !~* 'put') {}", false},
           {"if ($remote_user) {}", true},
           {"if ($args) {}", false},
           {"if ($remote_user = \"\") {}", false},
           {"if ($args = '') {}", true},
           {"if ($http_user_agent ~ \"^(docker\\/1\\.(3|4|5(?!\\.[0-9]-dev))|Go ).*$\" ) {}",
            false},
           {"if ($remote_addr = 10.0.0.1) {}", std::nullopt},
           {"if (-f /srv/maintenance) {}", std::nullopt},
           {"if ($request_method ~ \"(\") {}", std::nullopt},
           {"if ($uri ~ \"(a|aa)+[!?]$\") {}", std::nullopt},
           {"if nonsense {}", std::nullopt},
       }) {
    const Directive root = parsed(std::string(text));
    const Request request{"PUT", "/v2/" + std::string(60, 'a'), "alice"};
    const std::vector<const Directive*> none;
    Patterns patterns;
    Values values(none, patterns, request);
    EXPECT_EQ(holds(root.children.front(), values), expected) << text;
  }
}

}  // namespace
}  // namespace moorgate::migrate
