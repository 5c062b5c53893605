#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <ostream>
#include <tuple>
#include <utility>

#include "base/file.hpp"
#include "config/reader.hpp"
#include "config/state.hpp"

namespace moorgate::config {

std::string to_string(const Problem& problem) {
  std::string text = problem.file;
  if (problem.line > 0) text.append(":").append(std::to_string(problem.line));
  if (!text.empty()) text += ": ";
  if (!problem.key.empty()) text.append(problem.key).append(": ");
  return text + problem.message;
}

std::ostream& operator<<(std::ostream& out, const Problem& problem) {
  return out << to_string(problem);
}

Document::Document() {
  root_.state_ = std::make_shared<State>();
}

Document Document::load(const std::filesystem::path& file, Environment environment) {
  auto text = read_file(file, kMaxBytes);
  if (text) return parse(*text, file, std::move(environment));
  Document document;
  State& state = *document.root_.state_;
  state.broken = true;
  state.problems.push_back({file.string(), 0, "", "could not " + text.error().detail});
  state.syntax_problems = 1;
  return document;
}

Document Document::parse(std::string_view text, const std::filesystem::path& file,
                         Environment environment) {
  Document document;
  State& state = *document.root_.state_;
  state.file = file.string();
  state.folder = file.empty() ? std::filesystem::current_path()
                              : std::filesystem::absolute(file).parent_path();
  state.environment = std::move(environment);
  Yaml yaml = parse_yaml(text, state.file, {.bytes = kMaxBytes, .depth = kMaxDepth});
  state.problems = std::move(yaml.problems);
  state.syntax_problems = state.problems.size();
  state.broken = yaml.broken;
  state.root = std::move(yaml.root);
  document.root_.node_ = state.mapping(&state.root, "", "");
  state.open("", document.root_.node_);
  return document;
}

Document Document::for_reference() {
  Document document;
  document.root_.state_->mode = State::Mode::record;
  return document;
}

std::vector<Problem> Document::problems() const {
  const State& state = *root_.state_;
  std::vector<Problem> all = state.problems;
  // Of a file that cannot be read as a whole, "missing" and "unknown" would only be noise.
  if (state.broken) {
    all.resize(state.syntax_problems);
    return all;
  }
  std::ranges::move(state.unknown_keys(), std::back_inserter(all));
  std::ranges::move(state.unknown_variables(), std::back_inserter(all));
  // The file from top to bottom, then the environment.
  std::ranges::sort(all, {}, [&](const Problem& p) {
    return std::tuple(p.file != state.file, p.line, p.file, p.key, p.message);
  });
  // A section that two folders read reports its mistakes twice.
  const auto repeated = std::ranges::unique(all);
  all.erase(repeated.begin(), repeated.end());
  return all;
}

const Reference& Document::reference() const {
  return root_.state_->reference;
}

}  // namespace moorgate::config
