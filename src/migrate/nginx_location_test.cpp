#include "migrate/nginx_location.hpp"

#include <gtest/gtest.h>

#include "migrate/migrate_test_kit.hpp"

namespace moorgate::migrate {
namespace {

struct Case {
  std::string_view locations;
  std::string path;
  std::string_view chosen;  // names from the outside in
};

TEST(NginxLocation, IsChosenInNginxsOrder) {
  for (const auto& [locations, path, chosen] : std::initializer_list<Case>{
           {"location /a {} location /a/b {}", "/a/b/c", "/a/b "},
           {"location / {} location = /a {}", "/a", "/a "},
           {"location / {} location = /a {}", "/a/", "/ "},
           {"location /v2/ {} location ~ blobs {}", "/v2/x/blobs/", "blobs "},
           {"location ^~ /v2/ {} location ~ blobs {}", "/v2/x/blobs/", "/v2/ "},
           {"location ~ B {} location ~* b {} location ~ b {}", "/b", "b "},
           {"location ~ first {} location ~ fir {}", "/first", "first "},
           {"location = /a {} location ~ a {}", "/a", "/a "},
           {"location /x {}", "/y", ""},
           {"location @named {} location ~^/v2/ {}", "/v2/", "^/v2/ "},
           {"location /v2/ { location /v2/team/ {} }", "/v2/team/x", "/v2/ /v2/team/ "},
           {"location /v2/ { location ~ team {} } location ~ v2 {}", "/v2/team/x", "/v2/ team "},
           {"location /v2/ { location /v2/team/ {} } location ~ team {}", "/v2/team/x", "team "},
           {"location ^~ /v2/ { location /v2/team/ {} } location ~ team {}", "/v2/team/x",
            "/v2/ /v2/team/ "},
           {"location ~ ^/v2 { location ~ team {} }", "/v2/team/x", "^/v2 team "},
       }) {
    const Directive server = parsed(std::string(locations));
    Patterns patterns;
    std::vector<const Directive*> doubtful;
    std::string names;
    for (const auto* location : choose_location(server, path, patterns, doubtful)) {
      names += name_of(*location).text + " ";
    }
    EXPECT_EQ(names, chosen) << locations << " for " << path;
    EXPECT_TRUE(doubtful.empty());
  }
}

TEST(NginxLocation, AnExpressionThatIsNoneIsDoubtful) {
  const Directive server = parsed("location / {} location ~ (a {}");
  Patterns patterns;
  std::vector<const Directive*> doubtful;
  EXPECT_EQ(choose_location(server, "/a", patterns, doubtful).size(), 1U);
  EXPECT_EQ(doubtful.size(), 1U);
}

}  // namespace
}  // namespace moorgate::migrate
