#include "config/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace moorgate::config {
namespace {

constexpr YamlLimits kLimits{.bytes = 1 << 20, .depth = 64};

std::vector<std::string> problems_of(std::string_view text) {
  std::vector<std::string> out;
  for (const auto& problem : parse_yaml(text, "f", kLimits).problems)
    out.push_back(to_string(problem));
  return out;
}

std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string numbered(std::string_view text, int number) {
  std::string out;
  for (const char c : text) out += c == '#' ? std::to_string(number) : std::string(1, c);
  return out;
}

TEST(Yaml, KeepsLinesAndOrder) {
  const Yaml yaml = parse_yaml("a: 1\nb:\n  - x\n  - {c: y}\n", "f", kLimits);
  ASSERT_TRUE(yaml.problems.empty());
  ASSERT_EQ(yaml.root.children.size(), 2U);
  const Node* b = yaml.root.member("b");
  ASSERT_TRUE(b);
  EXPECT_EQ(b->line, 2);
  EXPECT_EQ(b->children[1].member("c")->text, "y");
  EXPECT_EQ(b->children[1].line, 4);
}

struct BadCase {
  std::string text;
  std::string problem;
};

TEST(Yaml, SaysWhatIsWrongAndWhere) {
  const BadCase cases[] = {
      {"a: 1\nb: [x", "f:2: not valid YAML: end of sequence flow not found"},
      {"a:\n\tb: 1\n", "f:2: indented with a tab; YAML wants spaces"},
      {"a: 1\n---\nb: 2\n", "f:3: holds a second YAML document; only one is read"},
      {"a: 1\nb: \x04\n", "f:2: holds a control character; save the file as UTF-8 text"},
      {std::string("a\0:\0 \0", 6), "f:1: holds a control character; save the file as UTF-8 text"},
      {"a: 1\nb: caf\xe9\n", "f:2: is not UTF-8; save the file as UTF-8 text"},
      {"? [a, b]\n: c\n", "f:1: a key must be plain text"},
      {"a: &x [*x]\n", "f:1: an alias refers to a value it is itself part of"},
      {"a: *unknown\n", "f:1: not valid YAML: the referenced anchor is not defined"},
      {repeat("[", 65) + repeat("]", 65), "f:1: nested deeper than 64 levels"},
      {repeat("[", 100'000), "f:1: nested deeper than 64 levels"},
      {"a: '" + std::string(1 << 20, 'x') + "'", "f: is larger than 1024 KiB"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(problems_of(c.text), testing::ElementsAre(c.problem)) << c.text.substr(0, 60);
    EXPECT_TRUE(parse_yaml(c.text, "f", kLimits).broken);
  }
}

TEST(Yaml, ReportsEveryDuplicateAndKeepsTheFirst) {
  const Yaml yaml = parse_yaml("a: 1\nb:\n  - c: 1\n    c: 2\na: 3\n", "f", kLimits);
  EXPECT_FALSE(yaml.broken);
  ASSERT_EQ(yaml.problems.size(), 2U);
  EXPECT_EQ(to_string(yaml.problems[0]), "f:4: b[0].c: given twice; the first is on line 3");
  EXPECT_EQ(to_string(yaml.problems[1]), "f:5: a: given twice; the first is on line 1");
  EXPECT_EQ(yaml.root.member("a")->text, "1");
}

TEST(Yaml, ReplacesAliasesByWhatTheyName) {
  const Yaml yaml = parse_yaml("a: &x [1, 2]\nb: *x\n", "f", kLimits);
  ASSERT_TRUE(yaml.problems.empty());
  EXPECT_EQ(yaml.root.member("b")->children.size(), 2U);
}

TEST(Yaml, EndsAnAliasBombAtOnce) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    bomb += numbered("a#: &a# [", i) + repeat(numbered("*a#, ", i - 1), 10) + "]\n";
  }
  EXPECT_THAT(problems_of(bomb), testing::ElementsAre(testing::HasSubstr("holds too many values")));
  const std::string long_text =
      "a: &a '" + std::string(500'000, 'x') + "'\nb: [" + repeat("*a, ", 50'000) + "]\n";
  EXPECT_THAT(problems_of(long_text),
              testing::ElementsAre(testing::HasSubstr("holds too many values")));
}

TEST(Yaml, StaysFastOnHostileText) {
  const std::string shapes[] = {"[",   "{",    "- ", "? ", "&a ",     "a: ", "*a ", "\"", "'",
                                "!a ", "|\n ", ": ", ",",  "a: {b: ", "%",   "\n",  "#",  "a:\n "};
  for (const auto& shape : shapes) {
    const auto start = std::chrono::steady_clock::now();
    (void)parse_yaml(repeat(shape, static_cast<int>(200'000 / shape.size())), "f", kLimits);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5)) << shape;
  }
}

TEST(Yaml, AnEmptyFileIsNull) {
  for (const char* text : {"", "# only a comment\n", "---\n", "\xef\xbb\xbf"}) {
    const Yaml yaml = parse_yaml(text, "f", kLimits);
    EXPECT_TRUE(yaml.problems.empty()) << text;
    EXPECT_EQ(yaml.root.kind, Node::Kind::null) << text;
  }
}

}  // namespace
}  // namespace moorgate::config
