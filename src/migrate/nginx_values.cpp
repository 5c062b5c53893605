#include "migrate/nginx_values.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace moorgate::migrate {
namespace {

constexpr int kMaxNesting = 16;
constexpr std::size_t kMaxValue = 64U << 10U;

/// As docker sends it: what nginx's user-agent filters are meant to let through.
constexpr std::string_view kUserAgent =
    "docker/26.1.5 go/go1.21.11 git-commit/411e817 kernel/6.1.0 os/linux arch/amd64 "
    "UpstreamClient(Docker-Client/26.1.5 \\(linux\\))";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Takes the variable's name from behind a $; empty: it is a plain $.
std::string take_name(std::string_view& text) {
  std::string name;
  if (text.starts_with('{')) {
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos) return {};
    name = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    return name;
  }
  while (!text.empty() && is_name_character(text.front())) {
    name += text.front();
    text.remove_prefix(1);
  }
  return name;
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace

const Pattern* Patterns::find(const std::string& text, Pattern::Case letter_case) {
  const auto key = std::pair(text, letter_case == Pattern::Case::ignored);
  auto known = compiled_.find(key);
  if (known == compiled_.end()) {
    known = compiled_.emplace(key, Pattern::compile(text, letter_case)).first;
  }
  return known->second ? &*known->second : nullptr;
}

void Values::set(const std::string& name, std::optional<std::string> value) {
  set_[name] = std::move(value);
}

std::nullopt_t Values::cannot_know(const std::string& name) {
  const std::string shown = "$" + name;
  if (!unknown_.contains(shown)) unknown_ += (unknown_.empty() ? "" : ", ") + shown;
  return std::nullopt;
}

std::optional<std::string> Values::expand(std::string_view text, int depth) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = std::min(text.find('$'), text.size());
    out += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.empty()) break;
    text.remove_prefix(1);
    const std::string name = take_name(text);
    if (name.empty()) {
      out += '$';
      continue;
    }
    const auto value = variable(name, depth + 1);
    if (!value) return std::nullopt;
    out += *value;
    if (out.size() > kMaxValue) return cannot_know(name);
  }
  return out;
}

std::optional<std::string> Values::variable(const std::string& name, int depth) {
  if (depth > kMaxNesting) return cannot_know(name);
  if (const auto given = set_.find(name); given != set_.end()) {
    return given->second ? given->second : cannot_know(name);
  }
  if (name.size() == 1 && name[0] >= '0' && name[0] <= '9') {
    const auto index = static_cast<std::size_t>(name[0] - '0');
    // Groups of a location's expression are not kept.
    if (index >= groups_.size()) return cannot_know(name);
    return groups_[index];
  }
  for (const Directive* map : maps_) {
    if (map->args.size() == 2 && map->args[1] == "$" + name) return of_map(*map, depth);
  }
  const auto value = of_request(name);
  return value ? value : cannot_know(name);
}

std::optional<std::string> Values::of_request(const std::string& name) const {
  const bool with_user = !request_.user.empty();
  if (name == "request_method") return request_.method;
  if (name == "uri" || name == "document_uri") return request_.path;
  if (name == "request_uri") {
    return request_.args.empty() ? request_.path : request_.path + "?" + request_.args;
  }
  if (name == "remote_user") return request_.user;
  if (name == "http_host") return request_.host;
  if (name == "server_name") return request_.server_name;
  if (name == "host") {
    return request_.host.substr(0, request_.host.rfind(':'));
  }
  if (name == "scheme") return request_.tls ? "https" : "http";
  if (name == "http_x_forwarded_proto") return request_.forwarded_proto;
  if (name == "https") return request_.tls ? "on" : "";
  if (name == "http_user_agent") {
    return request_.agent.empty() ? std::string(kUserAgent) : request_.agent;
  }
  if (name == "args" || name == "query_string") return request_.args;
  if (name == "is_args") return request_.args.empty() ? "" : "?";
  if (name.starts_with("arg_")) return argument(name.substr(4));
  if (name == "http_authorization") {
    return with_user ? "Basic " + to_base64(request_.user + ":") : std::string();
  }
  return std::nullopt;
}

std::string Values::argument(const std::string& name) const {
  std::string_view rest = request_.args;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    const std::size_t equal = std::min(one.find('='), one.size());
    if (equals_ignoring_case(one.substr(0, equal), name)) {
      return std::string(one.substr(std::min(one.size(), equal + 1)));
    }
  }
  return {};
}

std::optional<std::string> Values::of_map(const Directive& map, int depth) {
  const auto source = expand(map.args[0], depth);
  if (!source) return std::nullopt;
  const Directive* otherwise = nullptr;
  const Directive* exact = nullptr;
  for (const auto& entry : map.children) {
    if (entry.name == "default") otherwise = &entry;
    const std::string& name = entry.name;
    // A backslash keeps a key from being read as `default` or an expression.
    const std::string key = name.starts_with('\\') ? name.substr(1) : name;
    const bool plain = !name.starts_with('~') && entry.args.size() == 1;
    if (plain && name != "default" && lower(key) == lower(*source)) exact = &entry;
  }
  if (exact != nullptr) return expand(exact->args[0], depth);
  for (const auto& entry : map.children) {
    if (!entry.name.starts_with('~') || entry.args.size() != 1) continue;
    const bool ignored = entry.name.starts_with("~*");
    const auto found = match(*source, entry.name.substr(ignored ? 2 : 1),
                             ignored ? Pattern::Case::ignored : Pattern::Case::sensitive);
    if (!found) return cannot_know(map.args[1].substr(1));
    if (*found) return expand(entry.args[0], depth);
  }
  if (otherwise == nullptr || otherwise->args.empty()) return "";
  return expand(otherwise->args[0], depth);
}

std::optional<bool> Values::match(const std::string& text, const std::string& regex,
                                  Pattern::Case letter_case) {
  const Pattern* pattern = patterns_.find(regex, letter_case);
  if (pattern == nullptr) return std::nullopt;
  auto match = pattern->match(text);
  if (!match) return std::nullopt;
  if (match->found) groups_ = std::move(match->groups);
  return match->found;
}

std::optional<bool> holds(const Directive& condition, Values& values) {
  std::vector<std::string> words = condition.args;
  if (words.empty() || !words.front().starts_with('(') || !words.back().ends_with(')')) {
    return std::nullopt;
  }
  words.front().erase(0, 1);
  words.back().pop_back();
  std::erase(words, "");
  if (words.size() == 1 && words[0].starts_with('$')) {
    const auto value = values.expand(words[0]);
    if (!value) return std::nullopt;
    return !value->empty() && *value != "0";
  }
  // An empty string to compare with was taken for nothing above.
  if (words.size() == 2 && (words[1] == "=" || words[1] == "!=")) words.emplace_back();
  if (words.size() != 3) return std::nullopt;
  const auto left = values.expand(words[0]);
  if (!left) return std::nullopt;
  std::string_view operation = words[1];
  const bool negated = operation.starts_with('!');
  if (negated) operation.remove_prefix(1);
  std::optional<bool> answer;
  if (operation == "=") {
    const auto right = values.expand(words[2]);
    if (right) answer = *left == *right;
  } else if (operation == "~" || operation == "~*") {
    answer = values.match(*left, words[2],
                          operation == "~" ? Pattern::Case::sensitive : Pattern::Case::ignored);
  }
  if (!answer) return std::nullopt;
  return *answer != negated;
}

}  // namespace moorgate::migrate
