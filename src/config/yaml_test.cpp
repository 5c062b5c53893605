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

std::string flat(const Node& node) {
  if (node.kind == Node::Kind::null) return "~";
  if (node.kind == Node::Kind::scalar) return node.text;
  const bool is_list = node.kind == Node::Kind::list;
  std::string out;
  for (const auto& child : node.children) {
    out += (out.empty() ? "" : ",") + (is_list ? "" : child.key + ":") + flat(child);
  }
  return (is_list ? "[" : "{") + out + (is_list ? "]" : "}");
}

struct MergeCase {
  std::string_view text;
  std::string_view tree;
  std::size_t disputed = 0;
};

TEST(Yaml, MergesWhatADoubleAngleNames) {
  const MergeCase cases[] = {
      {"x: &x {a: 1, b: 2}\ny: {<<: *x, c: 3}\n", "{x:{a:1,b:2},y:{c:3,a:1,b:2}}"},
      {"y: {<<: {a: 1}}\n", "{y:{a:1}}"},
      {"x: &x {a: {b: 1}}\n<<: *x\n", "{x:{a:{b:1}},a:{b:1}}"},
      // Own keys win, and the earlier of a list.
      {"x: &x {a: 1, b: 2}\ny: {<<: *x, a: 3}\n", "{x:{a:1,b:2},y:{a:3,b:2}}"},
      {"x: &x {a: 1}\nz: &z {a: 2, b: 2}\ny: {<<: [*x, *z]}\n",
       "{x:{a:1},z:{a:2,b:2},y:{a:1,b:2}}"},
      {"l: &l [{a: 1}, {b: 2}]\ny: {<<: *l}\n", "{l:[{a:1},{b:2}],y:{a:1,b:2}}"},
      {"x: &x {a: 1}\nz: &z {<<: *x, b: 2}\ny: {<<: *z, c: 3}\n",
       "{x:{a:1},z:{b:2,a:1},y:{c:3,b:2,a:1}}"},
      {"y: {<<: []}\nz: {<<: {}}\n", "{y:{},z:{}}"},
      // Only the key itself, not text that looks like it.
      {"y: {\"<<\": {a: 1}}\n", "{y:{<<:{a:1}}}"},
      {"y: [<<]\nz: &z a\n*z : {b: 1}\n", "{y:[<<],z:a,a:{b:1}}"},
      // Go's reader takes the later one, and mixes mappings.
      {"x: &x {a: 1}\ny: {a: 3, <<: *x}\n", "{x:{a:1},y:{a:3}}", 1},
      {"x: &x {a: 3}\ny: {a: 3, <<: *x}\n", "{x:{a:3},y:{a:3}}"},
      {"x: &x {a: {b: 1}}\ny: {<<: *x, a: {c: 1}}\n", "{x:{a:{b:1}},y:{a:{c:1}}}", 1},
      {"x: &x {a: {b: 1}}\ny: {<<: *x, a: }\n", "{x:{a:{b:1}},y:{a:~}}", 1},
      {"y: {<<: [{a: {b: 1}}, {a: {c: 1}}]}\n", "{y:{a:{b:1}}}", 1},
  };
  for (const auto& c : cases) {
    const Yaml yaml = parse_yaml(c.text, "f", kLimits);
    EXPECT_TRUE(yaml.problems.empty()) << c.text;
    EXPECT_EQ(flat(yaml.root), c.tree) << c.text;
    EXPECT_EQ(yaml.disputed.size(), c.disputed) << c.text;
  }
}

TEST(Yaml, SaysWhatCannotBeMerged) {
  const BadCase cases[] = {
      {"a: 1\n<<: 3\n", "f:2: << takes a mapping or a list of mappings"},
      {"a: 1\n<<:\n", "f:2: << takes a mapping or a list of mappings"},
      {"<<: [{a: 1}, [b]]\n", "f:1: << takes a mapping or a list of mappings"},
      {"b:\n  <<: {a: 1}\n  <<: {c: 1}\n",
       "f:3: b.<<: given twice; the first is on line 2; to merge several, give it a list: <<: "
       "[*one, *other]"},
      {"<<: {a: 1}\nb: 1\nb: 2\n", "f:3: b: given twice; the first is on line 2"},
      {"a: &a {<<: *a}\n", "f:1: an alias refers to a value it is itself part of"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(problems_of(c.text), testing::ElementsAre(c.problem)) << c.text;
  }
  const Yaml yaml = parse_yaml("b:\n  a: 1\n  <<: {a: 2}\n", "f", kLimits);
  ASSERT_EQ(yaml.disputed.size(), 1U);
  EXPECT_EQ(to_string(yaml.disputed.front()),
            "f:2: b.a: given here and on line 3, which is merged by <<; readers of YAML differ in "
            "what counts then, so say it in one place");
}

TEST(Yaml, EndsABombOfMergesAtOnce) {
  // Each level holds twice what the one before it does.
  std::string bomb = "a0: &a0 {k: [x, x, x, x, x, x, x, x]}\n";
  for (int i = 1; i < 40; ++i) {
    bomb += numbered("a#: &a# ", i) + "{l: {" + numbered("<<: *a#", i - 1) + "}, m: {" +
            numbered("<<: *a#", i - 1) + "}}\n";
  }
  // The same wide mapping again and again.
  std::string wide = "w: &w {";
  for (int i = 0; i < 5'000; ++i) wide += numbered("k#: x, ", i);
  wide += "}\ny: {<<: [" + repeat("*w, ", 50'000) + "]}\n";
  for (const auto& text : {bomb, wide}) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THAT(problems_of(text),
                testing::ElementsAre(testing::HasSubstr("holds too many values")));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  }
}

TEST(Yaml, TellsQuotedTextFromPlain) {
  const Yaml yaml = parse_yaml("[yes, 'yes', \"yes\", !!str yes, !!bool 'yes']", "f", kLimits);
  std::vector<bool> quoted;
  quoted.reserve(yaml.root.children.size());
  for (const auto& child : yaml.root.children) quoted.push_back(child.quoted);
  EXPECT_EQ(quoted, (std::vector<bool>{false, true, true, true, false}));
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
