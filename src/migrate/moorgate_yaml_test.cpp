#include "migrate/moorgate_yaml.hpp"

#include <gtest/gtest.h>

#include "config/yaml.hpp"

namespace moorgate::migrate {
namespace {

TEST(MoorgateYaml, EveryScalarComesBackAsItWas) {
  for (const std::string text : {"plain",
                                 "/etc/nginx/users",
                                 "0.0.0.0:443",
                                 "[::]:443",
                                 "",
                                 "no",
                                 "yes",
                                 "null",
                                 "~",
                                 "a b",
                                 "a: b",
                                 "# x",
                                 "a #b",
                                 "\"q\"",
                                 "it's",
                                 "back\\slash",
                                 "tab\tnew\nline",
                                 "{user}",
                                 "*",
                                 "-",
                                 "- a",
                                 "@x",
                                 "%x",
                                 "ends:",
                                 "group:a",
                                 "\x7f",
                                 "\xc3\xa4",
                                 "1.5",
                                 "true",
                                 "&a",
                                 "!t",
                                 "|",
                                 ">",
                                 "?",
                                 "a,b",
                                 "a]b"}) {
    const auto yaml =
        config::parse_yaml("k: [" + yaml_scalar(text) + ", x]", "f", {.bytes = 1000, .depth = 8});
    ASSERT_TRUE(yaml.problems.empty()) << text;
    const auto* list = yaml.root.member("k");
    ASSERT_EQ(list->children.size(), 2U) << text;
    EXPECT_EQ(list->children[0].text, text);
    EXPECT_EQ(list->children[0].kind, config::Node::Kind::scalar) << text;
  }
}

TEST(MoorgateYaml, ANameCannotLeaveItsComment) {
  Plan plan;
  plan.realm = Setting{"x", {"evil\nusers: []", 3}};
  EXPECT_EQ(render_yaml(plan).yaml.find("\nusers"), std::string::npos);
}

}  // namespace
}  // namespace moorgate::migrate
