#include "doctor/challenge.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace moorgate::doctor {
namespace {

constexpr std::size_t kMaxChallenges = 8;

bool is_token(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip(std::string_view any_of) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(any_of), rest_.size()));
  }
  std::string_view token() {
    const auto end = std::ranges::find_if_not(rest_, is_token);
    const std::string_view word = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(word.size());
    return word;
  }
  /// A token or a quoted string.
  std::string value() {
    if (!take('"')) return std::string(token());
    std::string out;
    while (!at_end() && !take('"')) {
      take('\\');
      if (at_end()) break;
      out += rest_.front();
      rest_.remove_prefix(1);
    }
    return out;
  }

 private:
  std::string_view rest_;
};

/// The member that a parameter names, or nullptr.
std::string* member_of(Challenge& challenge, std::string_view name) {
  if (equals_ignoring_case(name, "realm")) return &challenge.realm;
  if (equals_ignoring_case(name, "service")) return &challenge.service;
  if (equals_ignoring_case(name, "scope")) return &challenge.scope;
  return nullptr;
}

}  // namespace

std::vector<Challenge> parse_challenges(std::string_view value) {
  std::vector<Challenge> challenges;
  Scanner scanner(value);
  while (challenges.size() <= kMaxChallenges) {
    scanner.skip(", \t");
    const std::string_view word = scanner.token();
    if (word.empty()) break;
    // A scheme is followed by a blank, a parameter by "=".
    if (scanner.take('=')) {
      std::string parameter = scanner.value();
      if (challenges.empty()) break;
      if (auto* member = member_of(challenges.back(), word)) *member = std::move(parameter);
      continue;
    }
    std::string scheme(word);
    std::ranges::transform(scheme, scheme.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    challenges.push_back({std::move(scheme)});
  }
  return challenges;
}

}  // namespace moorgate::doctor
