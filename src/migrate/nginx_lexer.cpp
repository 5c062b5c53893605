#include "migrate/nginx_lexer.hpp"

#include <optional>
#include <utility>

namespace moorgate::migrate {
namespace {

using Kind = Token::Kind;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct Mistake {
  int line;
  std::string message;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::optional<Mistake> run() {
    while (skip_blank(), at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ';' || c == '{' || c == '}') {
        if (auto mistake = punctuation(c)) return mistake;
      } else if (auto mistake = word()) {
        return mistake;
      }
    }
    if (words_ > 0) return Mistake{line_, "the file ends inside a directive; a ; is missing"};
    return std::nullopt;
  }

  std::vector<Token> tokens;

 private:
  void advance() {
    if (text_[at_] == '\n') ++line_;
    ++at_;
  }

  void skip_blank() {
    while (at_ < text_.size()) {
      if (text_[at_] == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (is_blank(text_[at_])) {
        advance();
      } else {
        return;
      }
    }
  }

  std::optional<Mistake> punctuation(char c) {
    if (c == '}' && words_ > 0) return Mistake{line_, "a } inside a directive; a ; is missing"};
    if (c != '}' && words_ == 0)
      return Mistake{line_, "a " + std::string(1, c) + " without a directive"};
    const Kind kind = c == ';' ? Kind::end : c == '{' ? Kind::open : Kind::close;
    const bool lua = kind == Kind::open && first_.ends_with("_by_lua_block");
    tokens.push_back({.kind = kind, .line = line_});
    words_ = 0;
    ++at_;
    return lua ? skip_foreign_block() : std::nullopt;
  }

  std::optional<Mistake> skip_foreign_block() {
    const int begin = line_;
    for (int depth = 1; at_ < text_.size(); advance()) {
      if (text_[at_] == '{') ++depth;
      if (text_[at_] == '}' && --depth == 0) return std::nullopt;
    }
    return Mistake{begin, "a block that does not end"};
  }

  std::optional<Mistake> word() {
    const int begin = line_;
    std::string text;
    const char quote = text_[at_] == '"' || text_[at_] == '\'' ? text_[at_] : '\0';
    if (quote != '\0') {
      ++at_;
      if (!quoted_text(quote, text)) return Mistake{begin, "a quote that does not end"};
      const bool ends = at_ == text_.size() || is_blank(text_[at_]) ||
                        std::string_view(";{)").contains(text_[at_]);
      if (!ends) return Mistake{line_, "a blank is missing after a closing quote"};
    } else {
      plain_text(text);
    }
    if (words_++ == 0) first_ = text;
    tokens.push_back({.kind = Kind::word, .text = std::move(text), .line = begin});
    return std::nullopt;
  }

  bool quoted_text(char quote, std::string& into) {
    while (at_ < text_.size()) {
      if (text_[at_] == quote) {
        ++at_;
        return true;
      }
      take(into);
    }
    return false;
  }

  void plain_text(std::string& into) {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool variable = c == '{' && !into.empty() && into.back() == '$';
      if (is_blank(c) || c == ';' || (c == '{' && !variable)) return;
      take(into);
    }
  }

  /// One character or one escape.
  void take(std::string& into) {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
      ++at_;
      const char c = text_[at_];
      if (c == 't' || c == 'r' || c == 'n') {
        into += c == 't' ? '\t' : c == 'r' ? '\r' : '\n';
      } else {
        if (c != '"' && c != '\'' && c != '\\') into += '\\';
        into += c;
      }
    } else {
      into += text_[at_];
    }
    advance();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  int words_ = 0;  // of the directive so far
  std::string first_;
};

}  // namespace

std::expected<std::vector<Token>, config::Problem> lex_nginx(std::string_view text,
                                                             const std::string& file) {
  const auto refuse = [&](int line, std::string message) {
    return std::unexpected(config::Problem{file, line, "", std::move(message)});
  };
  if (text.size() > kMaxNginxFile) return refuse(0, "is larger than 1 MiB");
  if (text.contains('\0')) return refuse(0, "is not a text file");
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Lexer lexer(text);
  if (auto mistake = lexer.run()) return refuse(mistake->line, std::move(mistake->message));
  return std::move(lexer.tokens);
}

}  // namespace moorgate::migrate
