#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.hpp"

namespace moorgate::migrate {

struct Token {
  enum class Kind { word, open, close, end };  // "…", "{", "}", ";"
  Kind kind = Kind::word;
  std::string text = {};  // of a word, without its quotes and escapes
  int line = 0;

  bool operator==(const Token&) const = default;
};

inline constexpr std::size_t kMaxNginxFile = std::size_t{1} << 20U;

/// The tokens of one file by the rules of nginx's own ngx_conf_read_token: a `#`, a quote or a `}`
/// in the middle of a word is part of it, `${name}` does not end one, `\"`, `\'` and `\\` stand for
/// the character and `\t`, `\r`, `\n` for white space, any other backslash is kept. The body of a
/// `…_by_lua_block` is skipped: it is no nginx configuration.
std::expected<std::vector<Token>, config::Problem> lex_nginx(std::string_view text,
                                                             const std::string& file);

}  // namespace moorgate::migrate
