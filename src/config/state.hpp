#pragma once

#include <filesystem>
#include <list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.hpp"
#include "config/reader.hpp"
#include "config/reference.hpp"
#include "config/yaml.hpp"

/// What all Readers of one Document share: the tree, the variables that override it, who asked for
/// what, and every mistake so far. Not for other folders.
namespace moorgate::config {

struct State {
  enum class Mode { read, record };

  Mode mode = Mode::read;
  std::string file;
  std::filesystem::path folder;
  Environment environment;
  Node root;
  std::vector<Problem> problems;
  bool broken = false;              // not YAML at all: root is empty
  std::size_t syntax_problems = 0;  // the first of `problems`
  Reference reference;

  bool recording() const { return mode == Mode::record; }

  /// What `path` names: its variable if set, else `in_file` (may be null).
  const Node* overridden(const std::string& path, const Node* in_file);
  /// A variable exists for `path` or for something below it.
  bool has_variable_at_or_below(const std::string& path) const;
  /// The text of a variable read as YAML, where a list or a mapping is wanted. Others pass through.
  const Node* structure(const Node* node, const std::string& path);
  /// `node` as a mapping; null with a Problem when it is none.
  const Node* mapping(const Node* node, const std::string& path, std::string_view shorthand);

  /// The mapping at `path` was opened; its members are to be asked for.
  void open(const std::string& path, const Node* node);
  void ask(const std::string& path, std::string_view key);
  /// env:NAME
  const std::string* variable(const std::string& name);

  void complain(const Node* at, const std::string& path, std::string message);
  void record(Option option);
  void record_required(const std::string& path);

  std::vector<Problem> unknown_keys() const;
  std::vector<Problem> unknown_variables() const;

 private:
  const Node* keep(Node node);
  std::string suggestion(const std::string& path, const std::string& key) const;

  std::list<Node> made_;  // from variables and shorthands; addresses must not move
  std::map<std::string, const Node*> variable_nodes_;
  std::map<std::string, const Node*> opened_;
  std::map<std::string, std::vector<std::string>> asked_;
  std::set<std::string> known_variables_;
  std::set<std::string> used_variables_;
  std::set<std::string> recorded_;
};

std::string join_path(const std::string& path, std::string_view key);
std::string join_path(const std::string& path, std::size_t index);

}  // namespace moorgate::config
