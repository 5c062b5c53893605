#include "migrate/nginx_location.hpp"

#include <string_view>

namespace moorgate::migrate {
namespace {

using Path = std::vector<const Directive*>;

class Chooser {
 public:
  Chooser(const std::string& path, Patterns& patterns, Path& doubtful)
      : path_(path), patterns_(patterns), doubtful_(doubtful) {}

  /// True: found for good, as by an exact name or an expression; no further one is looked at.
  bool choose(const Directive& block, Path& chosen) {
    const Directive* longest = nullptr;
    std::size_t length = 0;
    for (const auto& location : block.children) {
      if (location.name != "location") continue;
      const auto [modifier, text] = name_of(location);
      if (modifier == "=" && path_ == text) {
        chosen.push_back(&location);
        return true;
      }
      const bool prefix = modifier.empty() || modifier == "^~";
      if (!prefix || !path_.starts_with(text) || (longest != nullptr && text.size() < length)) {
        continue;
      }
      longest = &location;
      length = text.size();
    }
    if (longest != nullptr) {
      chosen.push_back(longest);
      if (choose(*longest, chosen)) return true;
      if (name_of(*longest).modifier == "^~") return false;
    }
    return choose_regex(block, chosen, longest != nullptr);
  }

 private:
  bool choose_regex(const Directive& block, Path& chosen, bool with_prefix) {
    for (const auto& location : block.children) {
      if (location.name != "location") continue;
      const auto [modifier, text] = name_of(location);
      if (!modifier.starts_with('~')) continue;
      const Pattern* pattern =
          patterns_.find(text, modifier == "~" ? Pattern::Case::sensitive : Pattern::Case::ignored);
      const auto match = pattern == nullptr ? std::nullopt : pattern->match(path_);
      if (!match) {
        doubtful_.push_back(&location);
        continue;
      }
      if (!match->found) continue;
      // It takes the place of the prefix found at this level and of all inside that.
      if (with_prefix) chosen.resize(depth_of(block, chosen));
      chosen.push_back(&location);
      choose(location, chosen);
      return true;
    }
    return false;
  }

  /// How many of the chosen lie around the locations of `block`.
  static std::size_t depth_of(const Directive& block, const Path& chosen) {
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      if (chosen[i] == &block) return i + 1;
    }
    return 0;
  }

  const std::string& path_;
  Patterns& patterns_;
  Path& doubtful_;
};

}  // namespace

LocationName name_of(const Directive& location) {
  if (location.args.empty()) return {};
  if (location.args.size() >= 2) return {location.args[0], location.args[1]};
  // nginx takes the modifier and the name written as one word, too.
  const std::string& word = location.args[0];
  for (const std::string_view modifier : {"=", "^~", "~*", "~", "@"}) {
    if (word.starts_with(modifier)) return {std::string(modifier), word.substr(modifier.size())};
  }
  return {"", word};
}

Path choose_location(const Directive& block, const std::string& path, Patterns& patterns,
                     Path& doubtful) {
  Path chosen;
  Chooser(path, patterns, doubtful).choose(block, chosen);
  return chosen;
}

}  // namespace moorgate::migrate
