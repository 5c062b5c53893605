#include "migrate/repository_names.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"

namespace moorgate::migrate {
namespace {

constexpr std::string_view kApi = "/v2/";
constexpr std::size_t kMaxGlobs = 64;
/// Where the name of the repository ends in a path of the API.
constexpr std::array<std::string_view, 5> kEnds = {"/manifests", "/blobs", "/tags", "/referrers",
                                                   "/_"};

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/// Of what stands behind /v2/: `path` is made of plain names, slashes and the wildcards * and **;
/// `ends` says that the expression is anchored there.
std::optional<Globs> globs_of_path(std::string path, bool ends) {
  std::size_t cut = std::string::npos;
  for (const auto end : kEnds) cut = std::min(cut, path.find(end));
  const bool whole = cut != std::string::npos;
  if (whole) path.resize(cut);
  const bool slash = path.ends_with('/');
  if (slash) path.pop_back();
  if (path.empty() || path == "**" || path.starts_with('_')) return Globs{};
  // Names of so many parts, and with what may follow a slash those of more, which is nearly all.
  const bool of_any = path.find_first_not_of("*/") == std::string::npos;
  if (of_any) return whole || ends ? Globs{path} : Globs{};
  if (whole || ends) return Globs{path};
  if (slash) return Globs{path, path + "/**"};
  return path.ends_with('*') ? Globs{path} : Globs{path + "**"};
}

/// Reads the little of regular expressions that people write into locations of a registry.
class RegexReader {
 public:
  explicit RegexReader(std::string_view text) : text_(text) {}

  /// All the paths it can mean.
  std::optional<std::vector<std::string>> read() {
    std::vector<std::string> paths = {""};
    while (!text_.empty()) {
      if (text_ == "$") {
        ends = true;
        return paths;
      }
      const auto choices = text_.front() == '(' ? group() : piece();
      if (!choices || paths.size() * choices->size() > kMaxGlobs) return std::nullopt;
      std::vector<std::string> longer;
      for (const auto& path : paths) {
        for (const auto& choice : *choices) longer.push_back(path + choice);
      }
      paths = std::move(longer);
    }
    return paths;
  }

  bool ends = false;

 private:
  using Choices = std::optional<std::vector<std::string>>;

  bool skip(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }

  Choices piece() {
    for (const std::string_view any : {".*?", ".+?", ".*", ".+"}) {
      if (skip(any)) return {{"**"}};
    }
    for (const std::string_view part : {"[^/]+", "[^/]*", "[a-z0-9]+", "[a-z0-9_-]+", "\\w+"}) {
      if (skip(part)) return {{"*"}};
    }
    const bool escaped = text_.front() == '\\' && text_.size() > 1;
    if (escaped) text_.remove_prefix(1);
    const char c = text_.front();
    if (!is_name_character(c) && c != '/') return std::nullopt;
    // \d, \w and \b are no letters, and a plain dot is any character.
    if (escaped ? is_name_character(c) && c != '.' && c != '-' && c != '_' : c == '.') {
      return std::nullopt;
    }
    text_.remove_prefix(1);
    const bool repeated = !text_.empty() && std::string_view("?*+{").contains(text_.front());
    if (repeated) return std::nullopt;
    return {{std::string(1, c)}};
  }

  Choices group() {
    text_.remove_prefix(1);
    if (!skip("?:") && text_.starts_with('?')) return std::nullopt;
    std::vector<std::string> choices = {""};
    while (!text_.empty() && text_.front() != ')') {
      if (skip("|")) {
        choices.emplace_back();
        continue;
      }
      if (text_.front() == '(') return std::nullopt;
      const auto next = piece();
      if (!next) return std::nullopt;
      choices.back() += next->front();
    }
    if (!skip(")")) return std::nullopt;
    const bool repeated = !text_.empty() && std::string_view("?*+{").contains(text_.front());
    if (repeated || choices.size() > kMaxGlobs) return std::nullopt;
    return choices;
  }

  std::string_view text_;
};

/// Whether an expression that is anchored cannot match any path of the API.
bool begins_elsewhere(std::string_view regex) {
  int depth = 0;
  for (const char c : regex) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == '|' && depth == 0) return false;
  }
  std::size_t plain = std::min(regex.find_first_of("\\.[(*+?{|^$"), regex.size());
  const bool optional = plain < regex.size() && std::string_view("*?{").contains(regex[plain]);
  if (optional && plain > 0) --plain;
  const std::size_t both = std::min(plain, kApi.size());
  return !equals_ignoring_case(regex.substr(0, both), kApi.substr(0, both));
}

/// `^/v2/` in its spellings; false: the expression does not begin there.
bool skip_api(std::string_view& regex) {
  const std::string_view plain = regex.starts_with('^') ? regex.substr(1) : regex;
  for (const std::string_view api : {"/v2/", "\\/v2\\/", "/v[12]/", "/(v1|v2)/", "/(v2|v1)/"}) {
    if (!plain.starts_with(api)) continue;
    regex = plain.substr(api.size());
    return true;
  }
  return false;
}

}  // namespace

std::optional<Globs> repositories_of_prefix(std::string_view prefix) {
  if (!prefix.starts_with(kApi)) return Globs{};
  prefix.remove_prefix(kApi.size());
  const auto fits = [](char c) { return is_name_character(c) || c == '/'; };
  if (!std::ranges::all_of(prefix, fits)) return std::nullopt;
  return globs_of_path(std::string(prefix), false);
}

std::optional<Globs> repositories_of_regex(std::string_view regex) {
  if (!skip_api(regex)) {
    const std::string_view plain = regex.starts_with('^') ? regex.substr(1) : regex;
    const bool all = plain.empty() || plain == "/" || plain == "/v2" || plain == "/v[12]" ||
                     plain == "." || plain == ".*" || plain == "/.*";
    const bool elsewhere = regex.starts_with('^') && !all && begins_elsewhere(plain);
    const bool of_endpoint =
        std::ranges::any_of(kEnds, [&](std::string_view end) { return plain.starts_with(end); });
    return all || elsewhere || of_endpoint ? std::optional(Globs{}) : std::nullopt;
  }
  // From an endpoint's name on, every repository is meant alike.
  for (const auto end : kEnds) {
    const std::size_t at = regex.find(end);
    if (at != std::string_view::npos) regex = regex.substr(0, at + end.size());
  }
  if (regex.ends_with("/(")) regex.remove_suffix(1);
  const std::size_t choice = regex.find("/(manifests");
  const std::size_t other = std::min(choice, regex.find("/(blobs"));
  const std::string cut = other == std::string_view::npos
                              ? std::string(regex)
                              : std::string(regex.substr(0, other)) + "/_";
  RegexReader reader(cut);
  const auto paths = reader.read();
  if (!paths) return std::nullopt;
  Globs all;
  for (const auto& path : *paths) {
    auto globs = globs_of_path(path, reader.ends);
    if (!globs) return std::nullopt;
    for (auto& glob : *globs) {
      if (std::ranges::find(all, glob) == all.end()) all.push_back(std::move(glob));
    }
  }
  return all;
}

std::string example_of(std::string_view glob) {
  // So deep that it is none of the names of one or two parts.
  if (glob == "**") return "zz9/zz9/zz9/zz9";
  std::string name;
  while (!glob.empty()) {
    if (glob.starts_with('*')) {
      name += name.empty() || name.ends_with('/') ? "zz9" : "9";
      glob.remove_prefix(glob.starts_with("**") ? 2 : 1);
    } else {
      name += glob.front();
      glob.remove_prefix(1);
    }
  }
  return name;
}

}  // namespace moorgate::migrate
