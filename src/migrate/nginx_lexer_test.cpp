#include "migrate/nginx_lexer.hpp"

#include <gtest/gtest.h>

namespace moorgate::migrate {
namespace {

/// Words in brackets, the rest as it is: "[a][b];".
std::string lexed(std::string_view text) {
  const auto tokens = lex_nginx(text, "f");
  if (!tokens) return "line " + std::to_string(tokens.error().line) + ": " + tokens.error().message;
  std::string out;
  for (const auto& token : *tokens) {
    switch (token.kind) {
      case Token::Kind::word:
        out += "[" + token.text + "]";
        break;
      case Token::Kind::open:
        out += "{";
        break;
      case Token::Kind::close:
        out += "}";
        break;
      case Token::Kind::end:
        out += ";";
        break;
    }
  }
  return out;
}

struct Case {
  std::string_view text;
  std::string_view tokens;
};

TEST(NginxLexer, ReadsAsNginxDoes) {
  for (const auto& [text, tokens] : std::initializer_list<Case>{
           {"", ""},
           {"a;", "[a];"},
           {"a b  c\t;", "[a][b][c];"},
           {"a{b c;}", "[a]{[b][c];}"},
           {"a # b; {\n c;", "[a][c];"},
           {"# all\n#of it", ""},
           {"a b#c;", "[a][b#c];"},
           {"a \"b;c{d}\";", "[a][b;c{d}];"},
           {"a 'b \" c';", "[a][b \" c];"},
           {R"(a "b \" c";)", "[a][b \" c];"},
           {R"(a 'b \' c';)", "[a][b ' c];"},
           {R"(a b\;c;)", R"([a][b\;c];)"},
           {R"(a b\ c;)", R"([a][b\ c];)"},
           {R"(a "x\\y";)", R"([a][x\y];)"},
           {R"(a "x\ty\nz";)", "[a][x\ty\nz];"},
           {R"(a ~ "\.php$";)", R"([a][~][\.php$];)"},
           {"a ${b}c;", "[a][${b}c];"},
           {"a x${b}{c;}", "[a][x${b}]{[c];}"},
           {"a b\"c\"d;", "[a][b\"c\"d];"},
           {"a '';", "[a][];"},
           {"if ($x ~ \"^a$\") { b; }", "[if][($x][~][^a$][)]{[b];}"},
           {"a b}c;", "[a][b}c];"},
           {"\xEF\xBB\xBF"
            "a;",
            "[a];"},
           {"content_by_lua_block { if x then y = {1} end } a;", "[content_by_lua_block]{}[a];"},
       }) {
    EXPECT_EQ(lexed(text), tokens) << text;
  }
}

TEST(NginxLexer, NamesTheLineOfAMistake) {
  for (const auto& [text, mistake] : std::initializer_list<Case>{
           {"a b", "line 1: the file ends inside a directive; a ; is missing"},
           {"\n\na \"b\n;", "line 3: a quote that does not end"},
           {"a \"b\"c;", "line 1: a blank is missing after a closing quote"},
           {"a\n}", "line 2: a } inside a directive; a ; is missing"},
           {";", "line 1: a ; without a directive"},
           {"\n{", "line 2: a { without a directive"},
           {"access_by_lua_block { a", "line 1: a block that does not end"},
       }) {
    EXPECT_EQ(lexed(text), mistake) << text;
  }
  EXPECT_EQ(lexed(std::string_view("a\0;", 3)), "line 0: is not a text file");
  EXPECT_EQ(lexed(std::string(kMaxNginxFile + 1, ' ')), "line 0: is larger than 1 MiB");
}

TEST(NginxLexer, CountsLinesInsideQuotes) {
  const auto tokens = lex_nginx("a \"b\nc\"\nd;", "f");
  ASSERT_TRUE(tokens);
  EXPECT_EQ((*tokens)[1].line, 1);
  EXPECT_EQ((*tokens)[2].line, 3);
}

}  // namespace
}  // namespace moorgate::migrate
