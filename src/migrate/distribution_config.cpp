#include "migrate/distribution_config.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <span>
#include <utility>

#include "base/text.hpp"

namespace moorgate::migrate {
namespace {

using config::Node;

constexpr std::string_view kPrefix = "REGISTRY_";
constexpr config::YamlLimits kLimits = {.bytes = std::size_t{1} << 20U, .depth = 64};
constexpr std::size_t kMaxParts = 16;
constexpr std::size_t kMaxEnvFile = std::size_t{1} << 20U;

constexpr auto kSections = std::to_array<std::string_view>(
    {"log", "loglevel", "storage", "auth", "middleware", "reporting", "http", "notifications",
     "redis", "health", "catalog", "tags", "proxy", "compatibility", "validation", "policy"});

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::vector<std::string> parts_of(std::string_view name) {
  std::vector<std::string> parts;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find('_'), name.size());
    parts.emplace_back(name.substr(0, end));
    name.remove_prefix(std::min(name.size(), end + 1));
  }
  return parts;
}

void mark(Node& node, const std::string& variable) {
  node.variable = variable;
  node.line = 0;
  for (auto& child : node.children) mark(child, variable);
}

/// `storage: filesystem` stands for `storage: { filesystem: }`.
void make_mapping(Node& node) {
  if (node.kind == Node::Kind::scalar && !node.text.empty()) {
    Node kind{
        .kind = Node::Kind::null, .line = node.line, .key = node.text, .variable = node.variable};
    node.children.push_back(std::move(kind));
    node.text.clear();
  }
  node.kind = Node::Kind::mapping;
}

/// False: the path leads nowhere.
bool overlay(Node& node, std::span<const std::string> path, const Node& value) {
  if (path.empty()) {
    std::string key = std::move(node.key);
    node = value;
    node.key = std::move(key);
    return true;
  }
  if (node.kind == Node::Kind::list) {
    const auto index = parse_decimal<std::size_t>(path.front());
    if (!index || *index > node.children.size()) return false;
    if (*index == node.children.size()) {
      node.children.push_back({.kind = Node::Kind::null, .variable = value.variable});
    }
    return overlay(node.children[*index], path.subspan(1), value);
  }
  if (node.kind == Node::Kind::null && path.front() == "0") {
    node.kind = Node::Kind::list;
    return overlay(node, path, value);
  }
  make_mapping(node);
  const auto known = std::ranges::find_if(
      node.children, [&](const Node& child) { return upper(child.key) == path.front(); });
  if (known != node.children.end()) return overlay(*known, path.subspan(1), value);
  node.children.push_back(
      {.kind = Node::Kind::null, .key = lower(path.front()), .variable = value.variable});
  return overlay(node.children.back(), path.subspan(1), value);
}

/// Storage and auth are read into tables of texts; what the file nests below their settings has
/// keys of any kind, which the registry does not look through for the parts of a variable.
bool is_out_of_reach(const Node& root, std::span<const std::string> path) {
  constexpr std::size_t kDepth = 3;
  if (path.size() <= kDepth || (path.front() != "STORAGE" && path.front() != "AUTH")) return false;
  const Node* node = &root;
  for (const auto& part : path.first(kDepth)) {
    const auto found = std::ranges::find_if(
        node->children, [&](const Node& child) { return upper(child.key) == part; });
    if (found == node->children.end()) return false;
    node = &*found;
  }
  return node->kind == Node::Kind::mapping && node->variable.empty();
}

/// A reader that lets another key win than the registry's does would show another registry.
void add_disputed(DistributionConfig& config, config::Yaml& yaml, const std::string& variable) {
  for (auto& problem : yaml.disputed) {
    if (!variable.empty()) problem.line = 0;
    config.problems.push_back(std::move(problem));
  }
}

bool is_override(std::string_view name) {
  return name.starts_with(kPrefix) && name != "REGISTRY_CONFIGURATION_PATH" &&
         name.size() > kPrefix.size();
}

}  // namespace

const std::string_view kDistributionDefaults =
    "version: 0.1\n"
    "storage:\n"
    "  filesystem:\n"
    "    rootdirectory: /var/lib/registry\n"
    "http:\n"
    "  addr: :5000\n";

bool is_distribution_config(std::string_view text) {
  const auto yaml = config::parse_yaml(text, "", kLimits);
  const Node* version = yaml.broken ? nullptr : yaml.root.member("version");
  return version != nullptr && version->kind == Node::Kind::scalar &&
         (version->text == "0.1" || version->text == "0.2");
}

bool overrides_distribution(const config::Environment& environment) {
  return std::ranges::any_of(environment, [](const auto& entry) {
    if (!is_override(entry.first)) return false;
    const auto parts = parts_of(std::string_view(entry.first).substr(kPrefix.size()));
    return std::ranges::find(kSections, lower(parts.front())) != kSections.end();
  });
}

std::optional<bool> registry_bool(const Node& node) {
  static constexpr auto kTrue = std::to_array<std::string_view>(
      {"true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON"});
  static constexpr auto kFalse = std::to_array<std::string_view>(
      {"false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF"});
  if (node.kind != Node::Kind::scalar || node.quoted) return std::nullopt;
  if (std::ranges::find(kTrue, node.text) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, node.text) != kFalse.end()) return false;
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> registry_duration(const Node& node) {
  static constexpr auto kUnits = std::to_array<std::pair<std::string_view, double>>(
      {{"h", 3.6e6}, {"m", 6e4}, {"s", 1e3}, {"ms", 1}, {"us", 1e-3}, {"µs", 1e-3}, {"ns", 1e-6}});
  // Go's own limit is 292 years.
  constexpr double kMost = 9.2e12;
  if (node.kind != Node::Kind::scalar) return std::nullopt;
  std::string_view text = node.text;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  double total = 0;
  // A bare number is one of nanoseconds.
  if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    total = std::strtod(std::string(text).c_str(), nullptr) * 1e-6;
    text = {};
  }
  while (!text.empty()) {
    const std::string number(text.substr(0, text.find_first_not_of("0123456789.")));
    text.remove_prefix(number.size());
    const std::string_view name = text.substr(0, text.find_first_of("0123456789."));
    text.remove_prefix(name.size());
    const auto* const unit = std::ranges::find(kUnits, name, [](const auto& u) { return u.first; });
    const bool has_digits = number.find_first_not_of('.') != std::string::npos;
    if (!has_digits || std::ranges::count(number, '.') > 1 || unit == kUnits.end()) {
      return std::nullopt;
    }
    total += std::strtod(number.c_str(), nullptr) * unit->second;
  }
  total = std::min(total, kMost);
  return std::chrono::milliseconds(static_cast<std::int64_t>(negative ? -total : total));
}

DistributionConfig read_distribution(std::string_view text, const std::string& file,
                                     const config::Environment& environment) {
  DistributionConfig config;
  auto yaml = config::parse_yaml(text, file, kLimits);
  config.root = std::move(yaml.root);
  config.problems = std::move(yaml.problems);
  if (yaml.broken) return config;
  add_disputed(config, yaml, "");
  // In the order of their names, so that REGISTRY_STORAGE comes before what lies below it.
  for (const auto& [name, value] : environment) {
    if (!is_override(name)) continue;
    auto path = parts_of(std::string_view(name).substr(kPrefix.size()));
    if (std::ranges::find(kSections, lower(path.front())) == kSections.end()) {
      config.ignored.push_back(name);
      continue;
    }
    if (is_out_of_reach(config.root, path)) {
      config.out_of_reach.push_back(name);
      continue;
    }
    auto parsed = config::parse_yaml(value, name, kLimits);
    mark(parsed.root, name);
    if (parsed.broken) {
      config.problems.push_back({name, 0, "", "its value is not YAML, which the registry demands"});
    } else if (path.size() > kMaxParts || !overlay(config.root, path, parsed.root)) {
      config.problems.push_back({name, 0, "", "names no setting of the registry"});
    } else {
      add_disputed(config, parsed, name);
    }
  }
  return config;
}

std::expected<config::Environment, config::Problem> parse_env_file(std::string_view text,
                                                                   const std::string& file) {
  const auto refuse = [&](int line, std::string message) {
    return std::unexpected(config::Problem{file, line, "", std::move(message)});
  };
  if (text.size() > kMaxEnvFile) return refuse(0, "is larger than 1 MiB");
  config::Environment environment;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t equals = line.find('=');
    const std::string_view name = line.substr(0, std::min(equals, line.size()));
    if (name.empty() || name.find_first_of(" \t") != std::string_view::npos) {
      return refuse(number, "is not NAME=VALUE, as docker's --env-file wants it");
    }
    if (equals == std::string_view::npos) {
      return refuse(number, "takes " + std::string(name) +
                                " from the environment of docker; write its value here");
    }
    environment[std::string(name)] = line.substr(equals + 1);
  }
  return environment;
}

}  // namespace moorgate::migrate
