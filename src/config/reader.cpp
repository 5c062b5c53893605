#include "config/reader.hpp"

#include <algorithm>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "config/state.hpp"
#include "config/value.hpp"

namespace moorgate::config {
namespace {

constexpr std::size_t kMaxSecretBytes = 65'536;

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out.append(out.empty() ? "" : ", ").append(word);
  return out;
}

std::string printed(const std::vector<std::string>& list) {
  return list.empty() ? std::string() : "[" + joined(list) + "]";
}

template <class T, class Print>
std::string describe(const Limits<T>& limits, Print print) {
  std::string out;
  if (limits.min) out.append("at least ").append(print(*limits.min));
  if (limits.min && limits.max) out += ", ";
  if (limits.max) out.append("at most ").append(print(*limits.max));
  return out;
}

template <class T>
bool within(const T& value, const Limits<T>& limits) {
  return (!limits.min || value >= *limits.min) && (!limits.max || value <= *limits.max);
}

std::string wrong(std::string_view expected, std::string_view given) {
  return std::string("must be ").append(expected).append(", not ").append(quoted(given));
}

const auto kPrintInteger = [](std::int64_t value) { return std::to_string(value); };

}  // namespace

Reader::Reader(std::shared_ptr<State> state, std::string path, const Node* node)
    : state_(std::move(state)), node_(node), path_(std::move(path)) {
  state_->open(path_, node_);
}

const Node* Reader::find(std::string_view key) const {
  state_->ask(path_, key);
  return state_->overridden(join_path(path_, key), node_ ? node_->member(key) : nullptr);
}

const Node* Reader::find_text(std::string_view key) const {
  const Node* node = find(key);
  if (!node || node->kind == Node::Kind::scalar) return node;
  complain(node, key, node->kind == Node::Kind::null ? "has no value" : "must be a single value");
  return nullptr;
}

std::optional<std::vector<const Node*>> Reader::find_texts(std::string_view key) const {
  const std::string path = join_path(path_, key);
  const Node* node = state_->structure(find(key), path);
  std::vector<const Node*> texts;
  if (node && node->kind == Node::Kind::list) {
    for (const auto& child : node->children) texts.push_back(&child);
  } else if (node && node->kind == Node::Kind::scalar) {
    texts.push_back(node);
  } else if (node && node->kind == Node::Kind::mapping) {
    complain(node, key, "must be a list of values");
    return std::nullopt;
  }
  bool given = node != nullptr;
  bool right = true;
  for (std::size_t i = 0;; ++i) {
    const Node* replaced = state_->overridden(join_path(path, i), nullptr);
    if (replaced && i == texts.size()) texts.push_back(replaced);
    if (i == texts.size()) break;
    if (replaced) texts[i] = replaced;
    given = true;
    if (texts[i]->kind == Node::Kind::scalar) continue;
    state_->complain(texts[i], join_path(path, i), "must be a single value");
    right = false;
  }
  if (!given || !right) return std::nullopt;
  return texts;
}

void Reader::record(std::string_view key, std::string type, std::string default_value,
                    std::string_view doc, std::string limits) const {
  state_->record({join_path(path_, key), std::move(type), std::move(default_value),
                  std::string(doc), std::move(limits)});
}

void Reader::record_section(std::string_view key, std::string type, std::string_view doc,
                            std::string_view shorthand) const {
  state_->record({.path = join_path(path_, key),
                  .type = std::move(type),
                  .doc = std::string(doc),
                  .shorthand = std::string(shorthand)});
}

bool Reader::complain(const Node* at, std::string_view key, std::string message) const {
  state_->complain(at, join_path(path_, key), std::move(message));
  return false;
}

bool Reader::read(std::string_view key, std::string& into, std::string_view doc) const {
  record(key, "text", into, doc);
  const Node* node = find_text(key);
  if (!node) return false;
  into = node->text;
  return true;
}

bool Reader::read(std::string_view key, bool& into, std::string_view doc) const {
  record(key, "yes or no", into ? "yes" : "no", doc);
  const Node* node = find_text(key);
  if (!node) return false;
  const auto value = parse_bool(node->text);
  if (!value) return complain(node, key, wrong("yes or no", node->text));
  into = *value;
  return true;
}

bool Reader::read(std::string_view key, std::vector<std::string>& into,
                  std::string_view doc) const {
  record(key, "list of texts", printed(into), doc);
  const auto nodes = find_texts(key);
  if (!nodes) return false;
  into.clear();
  for (const Node* node : *nodes) into.push_back(node->text);
  return true;
}

bool Reader::read(std::string_view key, std::filesystem::path& into, std::string_view doc) const {
  record(key, "path", into.string(), doc);
  const Node* node = find_text(key);
  if (!node) return false;
  if (node->text.empty()) return complain(node, key, "must be a path, not empty");
  into = (state_->folder / node->text).lexically_normal();
  return true;
}

bool Reader::read(std::string_view key, Secret& into, std::string_view doc) const {
  record(key, "secret", "", doc);
  const Node* node = find_text(key);
  if (!node) return false;
  const std::string_view text = node->text;
  if (text.starts_with("env:")) {
    const std::string name(text.substr(4));
    const std::string* value = state_->variable(name);
    if (!value) return complain(node, key, "the environment variable " + name + " is not set");
    into = Secret(*value);
    return true;
  }
  if (text.starts_with("file:")) {
    auto content = read_file(state_->folder / text.substr(5), kMaxSecretBytes);
    if (!content) return complain(node, key, "could not " + content.error().detail);
    while (content->ends_with('\n') || content->ends_with('\r')) content->pop_back();
    if (content->empty()) return complain(node, key, "the file it names is empty");
    into = Secret(std::move(*content));
    return true;
  }
  into = Secret(node->text);
  return true;
}

bool Reader::read_integer(std::string_view key, std::int64_t& into, std::string_view doc,
                          Limits<std::int64_t> limits, Limits<std::int64_t> of_type) const {
  record(key, "number", std::to_string(into), doc, describe(limits, kPrintInteger));
  const Node* node = find_text(key);
  if (!node) return false;
  const auto value = parse_integer(trim(node->text));
  if (!value) return complain(node, key, wrong("a whole number", node->text));
  if (!limits.min) limits.min = of_type.min;
  if (!limits.max) limits.max = of_type.max;
  if (!within(*value, limits)) {
    return complain(node, key, wrong(describe(limits, kPrintInteger), node->text));
  }
  into = *value;
  return true;
}

bool Reader::read_duration(std::string_view key, Milliseconds& into, std::string_view doc,
                           Limits<Milliseconds> limits, Milliseconds unit) const {
  record(key, "duration", print_duration(into), doc, describe(limits, print_duration));
  const Node* node = find_text(key);
  if (!node) return false;
  const auto value = parse_duration(trim(node->text));
  if (!value) {
    return complain(node, key, wrong("a duration such as 500ms, 30s, 5m, 12h or 7d", node->text));
  }
  if (!within(*value, limits)) {
    return complain(node, key, wrong(describe(limits, print_duration), node->text));
  }
  if (unit.count() > 0 && value->count() % unit.count() != 0) {
    return complain(node, key, wrong("a multiple of " + print_duration(unit), node->text));
  }
  into = *value;
  return true;
}

bool Reader::read_size(std::string_view key, std::uint64_t& into, std::string_view doc,
                       Limits<std::uint64_t> limits) const {
  record(key, "size", print_size(into), doc, describe(limits, print_size));
  const Node* node = find_text(key);
  if (!node) return false;
  const auto value = parse_size(trim(node->text));
  if (!value) return complain(node, key, wrong("a size such as 512, 64KiB or 4MiB", node->text));
  if (!within(*value, limits)) {
    return complain(node, key, wrong(describe(limits, print_size), node->text));
  }
  into = *value;
  return true;
}

bool Reader::read_choices(std::string_view key, std::vector<std::size_t>& into,
                          std::string_view doc, const std::vector<std::string>& names,
                          Several several) const {
  std::vector<std::string> chosen;
  chosen.reserve(into.size());
  for (const std::size_t index : into) chosen.push_back(names[index]);
  const bool list = several == Several::yes;
  record(key, (list ? "list of " : "one of ") + joined(names),
         list ? printed(chosen) : joined(chosen), doc);

  std::optional<std::vector<const Node*>> nodes;
  if (list) {
    nodes = find_texts(key);
  } else if (const Node* node = find_text(key)) {
    nodes.emplace({node});
  }
  if (!nodes) return false;
  std::vector<std::size_t> found;
  bool right = true;
  for (const Node* node : *nodes) {
    const auto at = std::ranges::find(names, trim(node->text));
    if (at != names.end()) {
      found.push_back(static_cast<std::size_t>(at - names.begin()));
      continue;
    }
    std::string message = wrong("one of " + joined(names), node->text);
    if (const auto near = nearest(node->text, names)) message += "; did you mean " + *near + "?";
    right = complain(node, key, std::move(message));
  }
  if (right) into = std::move(found);
  return right;
}

Reader Reader::section(std::string_view key, std::string_view doc,
                       std::string_view shorthand) const {
  record_section(key, "section", doc, shorthand);
  std::string path = join_path(path_, key);
  const Node* node = state_->mapping(find(key), path, shorthand);
  return {state_, std::move(path), node};
}

std::vector<Reader> Reader::items(std::string_view key, std::string_view doc,
                                  std::string_view shorthand) const {
  record_section(key, "list of sections", doc, shorthand);
  const std::string path = join_path(path_, key);
  if (state_->recording()) return {Reader(state_, path + "[]", nullptr)};

  const Node* node = state_->structure(find(key), path);
  std::vector<const Node*> given;
  if (node && node->kind == Node::Kind::list) {
    for (const auto& child : node->children) given.push_back(&child);
  } else if (node && node->kind != Node::Kind::null) {
    given.push_back(node);
  }
  std::vector<Reader> items;
  for (std::size_t i = 0;; ++i) {
    std::string item = join_path(path, i);
    const bool in_file = i < given.size();
    if (!in_file && !state_->has_variable_at_or_below(item)) return items;
    const Node* at = state_->overridden(item, in_file ? given[i] : nullptr);
    if (at && at->kind == Node::Kind::null) state_->complain(at, item, "has no value");
    at = state_->mapping(at, item, shorthand);
    items.push_back({state_, std::move(item), at});
  }
}

std::vector<std::string> Reader::keys(std::string_view placeholder) const {
  if (state_->recording()) return {std::string(placeholder)};
  std::vector<std::string> keys;
  if (!node_) return keys;
  for (const auto& member : node_->children) keys.push_back(member.key);
  return keys;
}

int Reader::line() const noexcept {
  return node_ == nullptr ? 0 : node_->line;
}

bool Reader::has(std::string_view key) const {
  return find(key) || state_->recording() ||
         state_->has_variable_at_or_below(join_path(path_, key));
}

void Reader::require(std::string_view key) const {
  state_->record_required(join_path(path_, key));
  if (!has(key)) problem(key, "is missing");
}

void Reader::problem(std::string_view key, std::string message) const {
  const Node* at = key.empty() ? nullptr : find(key);
  complain(at ? at : node_, key, std::move(message));
}

void Reader::problem(std::string_view key, std::size_t index, std::string message) const {
  const auto nodes = find_texts(key);
  state_->complain(nodes && index < nodes->size() ? (*nodes)[index] : node_,
                   join_path(join_path(path_, key), index), std::move(message));
}

}  // namespace moorgate::config
