#include "migrate/pattern_samples.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace moorgate::migrate {
namespace {

using Texts = std::vector<std::string>;

constexpr int kMaxNesting = 32;
constexpr std::size_t kMaxLength = 200;

class Sampler {
 public:
  Sampler(std::string_view regex, std::size_t limit) : rest_(regex), limit_(limit) {}

  Texts run() {
    Texts all;
    // A parenthesis too many ends nothing.
    while (!rest_.empty()) {
      for (auto& text : alternatives(0)) add(all, std::move(text));
      if (!rest_.empty()) rest_.remove_prefix(1);
    }
    return all;
  }

 private:
  void add(Texts& to, std::string text) const {
    if (text.size() > kMaxLength || to.size() >= limit_) return;
    if (std::ranges::find(to, text) == to.end()) to.push_back(std::move(text));
  }

  bool skip(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  Texts alternatives(int depth) {
    Texts all;
    do {
      for (auto& text : sequence(depth)) add(all, std::move(text));
    } while (skip("|"));
    return all;
  }

  Texts sequence(int depth) {
    Texts all = {""};
    while (!rest_.empty() && !std::string_view("|)").contains(rest_.front())) {
      const bool any = rest_.front() == '.';
      const Texts next = repeated(atom(depth), any);
      Texts longer;
      // Each of both at least once, before they are combined.
      const std::size_t most = std::max(all.size(), next.size());
      for (std::size_t shift = 0; shift < std::min(all.size(), next.size()); ++shift) {
        for (std::size_t i = 0; i < most; ++i) {
          add(longer, all[i % all.size()] + next[(i + shift) % next.size()]);
        }
      }
      all = std::move(longer);
    }
    return all;
  }

  Texts atom(int depth) {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    switch (c) {
      case '(':
        return group(depth);
      case '[':
        return set();
      case '\\':
        return escaped();
      case '.':
        return {"x"};
      case '^':
      case '$':
        return {""};
      default:
        return {std::string(1, c)};
    }
  }

  Texts group(int depth) {
    bool counts = depth < kMaxNesting;
    if (skip("?")) {
      const bool named =
          skip("P<") || skip("'") ||
          (rest_.starts_with("<") && rest_.size() > 1 && rest_[1] != '=' && rest_[1] != '!');
      if (named) {
        rest_.remove_prefix(std::min(rest_.size(), rest_.find_first_of(">'", 1) + 1));
      } else if (!skip(":")) {
        const std::size_t end = std::min(rest_.find_first_of(":)"), rest_.size());
        const bool looks =
            rest_.starts_with('=') || rest_.starts_with('!') || rest_.starts_with('<');
        counts = counts && !looks;
        if (!looks) rest_.remove_prefix(end);  // options: (?i) and (?i:…)
        if (!looks) skip(":");
      }
    }
    Texts all = depth < kMaxNesting ? alternatives(depth + 1) : Texts{""};
    skip(")");
    return counts ? all : Texts{""};
  }

  Texts escaped() {
    if (rest_.empty()) return {""};
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == 'd') return {"7"};
    if (c == 'w') return {"a", "9", "_"};
    if (c == 'D' || c == 'S' || c == 'W' || c == 'N') return {c == 'W' ? "-" : "x"};
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return {letter ? std::string() : std::string(1, c)};
  }

  Texts set() {
    const bool negated = skip("^");
    std::string members;
    bool first = true;
    while (!rest_.empty() && (first || rest_.front() != ']')) {
      first = false;
      if (rest_.front() == '\\' && rest_.size() > 1) {
        const char c = rest_[1];
        members += c == 'd'   ? "0123456789"
                   : c == 'w' ? "abcdefghijklmnopqrstuvwxyz0123456789_"
                              : std::string(1, c);
        rest_.remove_prefix(2);
      } else if (rest_.size() > 2 && rest_[1] == '-' && rest_[2] != ']') {
        const auto last = static_cast<unsigned char>(rest_[2]);
        for (unsigned c = static_cast<unsigned char>(rest_[0]); c <= last; ++c) {
          members += static_cast<char>(c);
        }
        rest_.remove_prefix(3);
      } else {
        members += rest_.front();
        rest_.remove_prefix(1);
      }
    }
    skip("]");
    Texts all;
    if (negated) {
      for (const char c : std::string_view("x7-_.")) {
        if (!members.contains(c)) add(all, std::string(1, c));
      }
    } else if (!members.empty()) {
      for (const char c : {members.front(), members[members.size() / 2], members.back()}) {
        add(all, std::string(1, c));
      }
    }
    return all.empty() ? Texts{""} : all;
  }

  /// `any`: it is a dot, which in a path also stands for several parts of it.
  Texts repeated(Texts once, bool any) {
    Texts all;
    const bool optional = skip("*") || skip("?");
    if (optional) {
      for (auto& text : once) add(all, text);
      all.emplace_back();
    } else if (skip("+")) {
      for (const auto& text : once) add(all, text + text);
    } else if (!rest_.starts_with('{')) {
      return once;
    } else {
      const std::size_t end = std::min(rest_.find('}'), rest_.size());
      const auto least = parse_decimal<unsigned>(rest_.substr(1, rest_.find_first_of(",}") - 1));
      rest_.remove_prefix(std::min(rest_.size(), end + 1));
      for (std::string& text : once) {
        const unsigned times = text.empty() ? 0 : least.value_or(0);
        std::string whole;
        for (unsigned i = 0; i < times && whole.size() <= kMaxLength; ++i) whole += text;
        text = std::move(whole);
      }
    }
    if (!skip("?")) skip("+");  // lazy, possessive
    for (auto& text : once) add(all, std::move(text));
    if (any) {
      for (const char* several : {"x/y", "v2/x"}) add(all, several);
    }
    return all;
  }

  std::string_view rest_;
  const std::size_t limit_;
};

}  // namespace

std::vector<std::string> samples_of(std::string_view regex, std::size_t limit) {
  return Sampler(regex, limit).run();
}

}  // namespace moorgate::migrate
