#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moorgate::migrate {

/// A regular expression of nginx, which means of PCRE. Matching has a bound on work.
class Pattern {
 public:
  enum class Case { sensitive, ignored };

  /// nullopt: not a regular expression.
  static std::optional<Pattern> compile(const std::string& text, Case letter_case);

  struct Match {
    bool found = false;
    std::vector<std::string> groups = {};  // $0, $1…
  };
  /// nullopt: too much work to tell.
  std::optional<Match> match(std::string_view text) const;

 private:
  struct Code;
  explicit Pattern(std::shared_ptr<const Code> code) : code_(std::move(code)) {}
  std::shared_ptr<const Code> code_;
};

}  // namespace moorgate::migrate
