#include "upstream/challenge_parser.hpp"

#include <algorithm>

#include "http/head_syntax.hpp"

namespace moorgate::upstream {
namespace {

bool is_token68_character(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~+/").contains(c);
}

/// What is left of the header's value, taken off piece by piece.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const noexcept { return rest_.empty(); }
  bool at(char c) const noexcept { return rest_.starts_with(c); }
  std::size_t left() const noexcept { return rest_.size(); }

  bool take(char c) noexcept {
    if (!at(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool skip_blanks() noexcept {
    const std::size_t before = rest_.size();
    while (at(' ') || at('\t')) rest_.remove_prefix(1);
    return rest_.size() != before;
  }

  /// Blanks and the commas of (also empty) list elements.
  void skip_separators() noexcept {
    while (skip_blanks() || take(',')) {
    }
  }

  std::string_view take_token() noexcept {
    std::size_t end = 0;
    while (end < rest_.size() && http::is_token(rest_.substr(end, 1))) ++end;
    return take_first(end);
  }

  /// Empty, and nothing taken, unless it ends where a list element does.
  std::string_view take_token68() noexcept {
    std::size_t end = 0;
    while (end < rest_.size() && is_token68_character(rest_[end])) ++end;
    const std::size_t characters = end;
    while (end < rest_.size() && rest_[end] == '=') ++end;
    Scanner after(rest_.substr(end));
    after.skip_blanks();
    if (characters == 0 || !(after.at_end() || after.at(','))) return {};
    return take_first(end);
  }

  std::optional<std::string> take_quoted() {
    if (!take('"')) return std::nullopt;
    std::string out;
    while (!rest_.empty()) {
      if (take('"')) return out;
      if (take('\\') && rest_.empty()) break;
      if (!http::is_field_value(rest_.substr(0, 1))) break;
      out += rest_.front();
      rest_.remove_prefix(1);
    }
    return std::nullopt;
  }

 private:
  std::string_view take_first(std::size_t count) noexcept {
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  std::string_view rest_;
};

/// name=value, if that stands here; otherwise `in` stays where it is. False if it is malformed.
bool take_parameter(Scanner& in, Challenge& into, bool& found) {
  found = false;
  Scanner probe = in;
  const std::string_view name = probe.take_token();
  probe.skip_blanks();
  if (name.empty() || !probe.take('=')) return true;
  probe.skip_blanks();
  std::string value;
  if (probe.at('"')) {
    auto quoted = probe.take_quoted();
    if (!quoted) return false;
    value = std::move(*quoted);
  } else {
    value = probe.take_token();
    if (value.empty()) return false;
  }
  probe.skip_blanks();
  if (!probe.at_end() && !probe.at(',')) return false;
  std::string key = http::lower_case(name);
  if (into.find(key) || into.parameters.size() >= kMaxChallengeParameters) return false;
  into.parameters.emplace_back(std::move(key), std::move(value));
  in = probe;
  found = true;
  return true;
}

/// Everything up to the next scheme.
bool take_challenge(Scanner& in, Challenge& into) {
  into.scheme = http::lower_case(in.take_token());
  if (into.scheme.empty()) return false;
  if (!in.skip_blanks()) return in.at_end() || in.at(',');
  if (in.at_end() || in.at(',')) return true;
  into.token68 = in.take_token68();
  if (!into.token68.empty()) return true;
  bool found = false;
  if (!take_parameter(in, into, found) || !found) return false;
  while (true) {
    Scanner next = in;
    next.skip_separators();
    if (!take_parameter(next, into, found)) return false;
    if (!found) return true;
    in = next;
  }
}

}  // namespace

std::optional<std::string_view> Challenge::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Result<std::vector<Challenge>> parse_challenges(std::string_view text) {
  std::vector<Challenge> all;
  Scanner in(text.substr(0, kMaxChallengeText + 1));
  bool good = in.left() <= kMaxChallengeText;
  for (in.skip_separators(); good && !in.at_end(); in.skip_separators()) {
    good = all.size() < kMaxChallenges && take_challenge(in, all.emplace_back());
  }
  if (good) return all;
  return failure(Code::bad_request, "a WWW-Authenticate header is malformed");
}

}  // namespace moorgate::upstream
