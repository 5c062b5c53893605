#include "migrate/nginx_config.hpp"

#include <gtest/gtest.h>

#include "migrate/migrate_test_kit.hpp"

namespace moorgate::migrate {
namespace {

std::string tree(const std::vector<Directive>& directives) {
  std::string out;
  for (const auto& directive : directives) {
    out += to_string(directive);
    out += directive.block ? "{" + tree(directive.children) + "}" : ";";
  }
  return out;
}

NginxConfig read(FakeFiles files) {
  return read_nginx(files, "/etc/nginx/nginx.conf");
}

TEST(NginxConfig, IncludesRelativeToTheMainFile) {
  const auto config =
      read({{"/etc/nginx/nginx.conf", "http { include conf.d/*.conf; include /srv/x; }"},
            {"/etc/nginx/conf.d/a.conf", "a 1;\ninclude more/deep;"},
            {"/etc/nginx/conf.d/b.conf", "b { c; }"},
            {"/etc/nginx/more/deep", "deep;"},
            {"/srv/x", "x;"}});
  EXPECT_TRUE(config.problems.empty());
  EXPECT_EQ(tree(config.directives), "http{a 1;deep;b{c;}x;}");
  const auto& http = config.directives.front();
  EXPECT_EQ(to_string(http.place), "nginx.conf:1");
  EXPECT_EQ(to_string(http.children[0].place), "conf.d/a.conf:1");
  EXPECT_EQ(to_string(http.children[3].place), "/srv/x:1");
}

TEST(NginxConfig, APatternMayMatchNothingAndMimeTypesMayBeMissing) {
  const auto config =
      read({{"/etc/nginx/nginx.conf", "include conf.d/*.conf; include mime.types; a;"}});
  EXPECT_TRUE(config.problems.empty());
  EXPECT_EQ(tree(config.directives), "a;");
}

struct Case {
  std::string_view text;
  std::string_view problem;
};

TEST(NginxConfig, NamesWhatIsWrongAndWhere) {
  for (const auto& [text, problem] : std::initializer_list<Case>{
           {"a;\ninclude rules;", "nginx.conf:2: /etc/nginx/rules cannot be read: no such file"},
           {"include loop;", "loop:1: /etc/nginx/loop includes itself"},
           {"include a b;", "nginx.conf:1: include wants one file"},
           {"a {\nb {\n}", "nginx.conf:1: the block does not end; a } is missing"},
           {"a;\n}\nb;", "nginx.conf:2: a } without a {"},
           {"a 'b;", "nginx.conf:1: a quote that does not end"}}) {
    const auto config =
        read({{"/etc/nginx/nginx.conf", std::string(text)}, {"/etc/nginx/loop", "include loop;"}});
    ASSERT_EQ(config.problems.size(), 1U) << text;
    EXPECT_EQ(to_string(config.problems.front()), problem) << text;
  }
}

TEST(NginxConfig, HasBounds) {
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "a {";
  EXPECT_EQ(
      to_string(read({{"/etc/nginx/nginx.conf", deep + std::string(40, '}')}}).problems.front()),
      "nginx.conf:1: blocks nested too deep");

  FakeFiles chain;
  for (int i = 0; i < 40; ++i)
    chain.texts["/etc/nginx/" + std::to_string(i)] = "include " + std::to_string(i + 1) + ";";
  chain.texts["/etc/nginx/nginx.conf"] = "include 0;";
  EXPECT_EQ(to_string(read(chain).problems.front()), "14:1: includes nested too deep");

  FakeFiles wide;
  for (int i = 0; i < 300; ++i) wide.texts["/etc/nginx/d/" + std::to_string(i)] = "a;";
  wide.texts["/etc/nginx/nginx.conf"] = "include d/*;";
  EXPECT_EQ(to_string(read(wide).problems.front()), "nginx.conf:1: too many files are included");

  std::string many;
  for (int i = 0; i < 100'001; ++i) many += "a;\n";
  const auto problems = read({{"/etc/nginx/nginx.conf", many}}).problems;
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.front().message, "too many directives");
}

}  // namespace
}  // namespace moorgate::migrate
