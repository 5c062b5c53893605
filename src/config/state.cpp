#include "config/state.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace moorgate::config {
namespace {

constexpr std::string_view kPrefix = "MOORGATE_";

/// "listen[0].address" → "MOORGATE_LISTEN_0_ADDRESS"
std::string variable_name(std::string_view path) {
  std::string name(kPrefix);
  for (const char c : path) {
    if (c >= 'a' && c <= 'z') {
      name += static_cast<char>(c - 'a' + 'A');
    } else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
      name += c;
    } else if (name.back() != '_') {
      name += '_';
    }
  }
  while (name.back() == '_') name.pop_back();
  return name;
}

void mark_origin(Node& node, const std::string& variable) {
  node.variable = variable;
  node.line = 0;
  for (auto& child : node.children) mark_origin(child, variable);
}

std::string origin_of(const std::string& variable) {
  return "environment variable " + variable;
}

}  // namespace

std::string join_path(const std::string& path, std::string_view key) {
  if (path.empty() || key.empty()) return path + std::string(key);
  return path + '.' + std::string(key);
}

std::string join_path(const std::string& path, std::size_t index) {
  return path + '[' + std::to_string(index) + ']';
}

const Node* State::keep(Node node) {
  return &made_.emplace_back(std::move(node));
}

const Node* State::overridden(const std::string& path, const Node* in_file) {
  const std::string name = variable_name(path);
  known_variables_.insert(name);
  const auto found = environment.find(name);
  if (found == environment.end() || found->second.empty()) return in_file;
  used_variables_.insert(name);
  const Node*& node = variable_nodes_[name];
  if (!node) {
    node = keep({.kind = Node::Kind::scalar, .text = found->second, .variable = name});
  }
  return node;
}

bool State::has_variable_at_or_below(const std::string& path) const {
  const std::string name = variable_name(path);
  const std::string below = name + '_';
  for (auto it = environment.lower_bound(name); it != environment.end(); ++it) {
    if (!it->first.starts_with(name)) return false;
    if (!it->second.empty() && (it->first == name || it->first.starts_with(below))) return true;
  }
  return false;
}

const Node* State::structure(const Node* node, const std::string& path) {
  if (!node || node->variable.empty() || node->kind != Node::Kind::scalar) return node;
  // Only what begins like a list or a mapping: *.example.com and "a: b" are ordinary text.
  const std::string_view text = trim(node->text);
  const bool flow = text.starts_with('[') || text.starts_with('{');
  const bool block = text.starts_with("- ") || text.contains('\n');
  if (!flow && !block) return node;
  Yaml yaml = parse_yaml(node->text, origin_of(node->variable),
                         {.bytes = Document::kMaxBytes, .depth = Document::kMaxDepth});
  for (auto& problem : yaml.problems) {
    problem.line = 0;
    if (problem.key.empty()) problem.key = path;
    problems.push_back(std::move(problem));
  }
  if (yaml.broken) yaml.root = Node{};
  mark_origin(yaml.root, node->variable);
  // Asked again for the same variable, the answer and its Problems must not be made twice.
  return variable_nodes_[node->variable] = keep(std::move(yaml.root));
}

const Node* State::mapping(const Node* node, const std::string& path, std::string_view shorthand) {
  node = structure(node, path);
  if (!node || node->kind == Node::Kind::null) return nullptr;
  if (node->kind == Node::Kind::mapping) return node;
  if (node->kind == Node::Kind::scalar && !shorthand.empty()) {
    Node made{.kind = Node::Kind::mapping, .line = node->line, .variable = node->variable};
    made.children.push_back(*node);
    made.children.back().key = shorthand;
    return keep(std::move(made));
  }
  complain(node, path, "must be a mapping of keys to values");
  return nullptr;
}

void State::open(const std::string& path, const Node* node) {
  if (node) opened_[path] = node;
}

void State::ask(const std::string& path, std::string_view key) {
  auto& keys = asked_[path];
  if (std::ranges::find(keys, key) == keys.end()) keys.emplace_back(key);
}

const std::string* State::variable(const std::string& name) {
  used_variables_.insert(name);
  const auto found = environment.find(name);
  return found == environment.end() || found->second.empty() ? nullptr : &found->second;
}

void State::complain(const Node* at, const std::string& path, std::string message) {
  if (recording()) return;
  if (at && !at->variable.empty()) {
    problems.push_back({origin_of(at->variable), 0, path, std::move(message)});
  } else {
    problems.push_back({file, at ? at->line : 0, path, std::move(message)});
  }
}

void State::record(Option option) {
  if (!recording() || !recorded_.insert(option.path).second) return;
  reference.push_back(std::move(option));
}

void State::record_required(const std::string& path) {
  const auto found = std::ranges::find(reference, path, &Option::path);
  if (found != reference.end()) found->required = true;
}

std::string State::suggestion(const std::string& path, const std::string& key) const {
  const auto here = asked_.find(path);
  if (here != asked_.end()) {
    if (const auto near = nearest(key, here->second)) return "; did you mean " + *near + "?";
  }
  for (const auto& [elsewhere, keys] : asked_) {
    if (std::ranges::find(keys, key) != keys.end()) {
      return " here; did you mean " + join_path(elsewhere, key) + "?";
    }
  }
  return {};
}

std::vector<Problem> State::unknown_keys() const {
  std::vector<Problem> found;
  for (const auto& [path, node] : opened_) {
    const auto asked = asked_.find(path);
    for (const auto& child : node->children) {
      if (asked != asked_.end() &&
          std::ranges::find(asked->second, child.key) != asked->second.end()) {
        continue;
      }
      const bool from_file = child.variable.empty();
      found.push_back({from_file ? file : origin_of(child.variable), child.line,
                       join_path(path, child.key), "unknown key" + suggestion(path, child.key)});
    }
  }
  return found;
}

std::vector<Problem> State::unknown_variables() const {
  // Without the prefix: what all names share would make them all look near.
  std::vector<std::string> known;
  for (const auto& name : known_variables_) {
    if (name.size() > kPrefix.size()) known.push_back(name.substr(kPrefix.size()));
  }
  std::vector<Problem> found;
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kPrefix) || used_variables_.contains(name)) continue;
    if (known_variables_.contains(name)) continue;
    std::string message = "replaces no key of the configuration";
    if (const auto near = nearest(std::string_view(name).substr(kPrefix.size()), known)) {
      message.append("; did you mean ").append(kPrefix).append(*near).append("?");
    }
    found.push_back({origin_of(name), 0, "", std::move(message)});
  }
  return found;
}

}  // namespace moorgate::config
