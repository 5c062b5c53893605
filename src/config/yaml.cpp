#include "config/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <map>
#include <optional>
#include <span>
#include <spanstream>
#include <utility>

#include "base/text.hpp"
#include "base/utf8.hpp"

namespace moorgate::config {
namespace {

struct Refused {
  int line;
  std::string message;
};

int line_of(const YAML::Mark& mark) {
  return mark.is_null() ? 0 : mark.line + 1;
}

std::size_t node_count(const Node& node) {
  std::size_t count = 1;
  for (const auto& child : node.children) count += node_count(child);
  return count;
}

std::size_t byte_count(const Node& node) {
  std::size_t count = node.text.size() + node.key.size();
  for (const auto& child : node.children) count += byte_count(child);
  return count;
}

bool same(const Node& a, const Node& b) {
  return a.kind == b.kind && a.key == b.key && a.text == b.text && a.quoted == b.quoted &&
         std::ranges::equal(a.children, b.children, same);
}

constexpr std::string_view kMerge = "<<";
/// More of them help nobody, and each holds the path to it.
constexpr std::size_t kMaxProblems = 100;

/// What the parser calls a scalar that was written without quotes, and what makes one text.
constexpr std::string_view kPlainTag = "?";
constexpr std::string_view kQuotedTag = "!";
constexpr std::string_view kMergeTag = "tag:yaml.org,2002:merge";
constexpr std::string_view kTextTag = "tag:yaml.org,2002:str";

/// Builds the tree from the parser's events, so that nothing is expanded before it was counted.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& file, const YamlLimits& limits) : file_(file), limits_(limits) {}

  Node root;
  std::vector<Problem> problems;
  std::vector<Problem> disputed;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    place({.kind = Node::Kind::null, .line = line_of(mark)}, anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    is_merge_key_ = value == kMerge && (tag == kPlainTag || tag == kMergeTag);
    place({.kind = Node::Kind::scalar,
           .line = line_of(mark),
           .text = value,
           .quoted = tag == kQuotedTag || tag == kTextTag},
          anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) {
      throw Refused{line_of(mark), "an alias refers to a value it is itself part of"};
    }
    charge(found->second, line_of(mark));
    Node copy = found->second;
    copy.line = line_of(mark);
    is_merge_key_ = false;
    place(std::move(copy), 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::list, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::mapping, mark, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Seen {
    int line;
    std::size_t index;  // among the children
  };
  struct Merge {
    Node value;
    std::size_t own_before;  // members that stand before it
  };
  struct Open {
    Node node;
    YAML::anchor_t anchor;
    std::optional<Node> key = {};  // of the member whose value comes next
    bool merges = false;           // that key is <<
    std::map<std::string, Seen> seen = {};
    std::optional<Merge> merge = {};
  };

  void open(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (open_.size() >= static_cast<std::size_t>(limits_.depth)) {
      throw Refused{line_of(mark),
                    "nested deeper than " + std::to_string(limits_.depth) + " levels"};
    }
    open_.push_back({.node = {.kind = kind, .line = line_of(mark)}, .anchor = anchor});
  }

  void close() {
    if (open_.back().merge) merge_into(open_.back());
    Open done = std::move(open_.back());
    open_.pop_back();
    place(std::move(done.node), done.anchor);
  }

  void place(Node node, YAML::anchor_t anchor) {
    if (++nodes_ > limits_.nodes) refuse_size(node.line);
    if (anchor != 0) {
      charge(node, node.line);
      anchored_[anchor] = node;
    }
    if (open_.empty()) {
      root = std::move(node);
    } else if (open_.back().node.kind == Node::Kind::list) {
      open_.back().node.children.push_back(std::move(node));
    } else if (!open_.back().key) {
      if (node.kind != Node::Kind::scalar) throw Refused{node.line, "a key must be plain text"};
      open_.back().key = std::move(node);
      open_.back().merges = is_merge_key_;
    } else {
      add_member(std::move(node));
    }
  }

  void add_member(Node value) {
    Open& mapping = open_.back();
    Node key = *std::exchange(mapping.key, std::nullopt);
    if (mapping.merges && !mapping.merge) {
      value.line = key.line;
      mapping.merge = Merge{.value = std::move(value), .own_before = mapping.node.children.size()};
      return;
    }
    const auto [first, is_new] =
        mapping.seen.emplace(key.text, Seen{key.line, mapping.node.children.size()});
    if (mapping.merges || !is_new) {
      if (problems.size() >= kMaxProblems) return;
      const int before = mapping.merges ? mapping.merge->value.line : first->second.line;
      problems.push_back(
          {file_, key.line, path() + key.text,
           "given twice; the first is on line " + std::to_string(before) +
               (mapping.merges ? "; to merge several, give it a list: <<: [*one, *other]" : "")});
      return;
    }
    value.line = key.line;
    value.key = std::move(key.text);
    mapping.node.children.push_back(std::move(value));
  }

  /// Moves nodes only, all of which were counted when they were read or copied.
  void merge_into(Open& mapping) {
    Merge merge = std::move(*mapping.merge);
    if (merge.value.kind == Node::Kind::mapping) {
      return merge_one(mapping, merge.own_before, std::move(merge.value));
    }
    const auto is_mapping = [](const Node& node) { return node.kind == Node::Kind::mapping; };
    if (merge.value.kind != Node::Kind::list ||
        !std::ranges::all_of(merge.value.children, is_mapping)) {
      throw Refused{merge.value.line, "<< takes a mapping or a list of mappings"};
    }
    for (auto& source : merge.value.children)
      merge_one(mapping, merge.own_before, std::move(source));
  }

  void merge_one(Open& mapping, std::size_t own_before, Node source) {
    for (auto& member : source.children) {
      auto& members = mapping.node.children;
      const auto [known, is_new] =
          mapping.seen.emplace(member.key, Seen{member.line, members.size()});
      if (is_new) {
        members.push_back(std::move(member));
        continue;
      }
      const Node& winner = members[known->second.index];
      const bool stands_before = known->second.index < own_before;
      const bool mixed = member.kind == Node::Kind::mapping;
      if ((stands_before || mixed) && disputed.size() < kMaxProblems && !same(winner, member)) {
        disputed.push_back({file_, known->second.line, path() + member.key,
                            "given here and on line " + std::to_string(member.line) +
                                ", which is merged by <<; readers of YAML differ in what counts "
                                "then, so say it in one place"});
      }
    }
  }

  /// Of the mapping that is open, with the dot its members' names are joined by.
  std::string path() const {
    std::string path;
    for (std::size_t i = 0; i + 1 < open_.size(); ++i) {
      const Open& around = open_[i];
      if (around.node.kind == Node::Kind::list) {
        path += '[' + std::to_string(around.node.children.size()) + ']';
      } else if (around.key) {
        if (!path.empty()) path += '.';
        path += around.key->text;
      }
    }
    return path.empty() ? path : path + '.';
  }

  void charge(const Node& copied, int line) {
    nodes_ += node_count(copied);
    copied_bytes_ += byte_count(copied);
    if (nodes_ > limits_.nodes || copied_bytes_ > limits_.expanded_bytes) refuse_size(line);
  }

  [[noreturn]] static void refuse_size(int line) {
    throw Refused{line, "holds too many values once its aliases are expanded"};
  }

  const std::string& file_;
  const YamlLimits& limits_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchored_;
  bool is_merge_key_ = false;  // of the scalar that is being placed
  std::size_t nodes_ = 0;
  std::size_t copied_bytes_ = 0;
};

int line_at(std::string_view text, std::size_t offset) {
  return 1 + static_cast<int>(std::ranges::count(text.substr(0, offset), '\n'));
}

/// What yaml-cpp would take silently: it ends the document at a 0x04 and replaces broken UTF-8.
std::optional<Refused> find_foreign_bytes(std::string_view text) {
  const auto control = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f;
  };
  if (const auto at = std::ranges::find_if(text, control); at != text.end()) {
    return Refused{line_at(text, static_cast<std::size_t>(at - text.begin())),
                   "holds a control character; save the file as UTF-8 text"};
  }
  if (const std::size_t at = find_invalid_utf8(text); at != std::string_view::npos) {
    return Refused{line_at(text, at), "is not UTF-8; save the file as UTF-8 text"};
  }
  return std::nullopt;
}

std::vector<int> lines_indented_by_tabs(std::string_view text) {
  std::vector<int> lines;
  for (int line = 1; !text.empty(); ++line) {
    const std::string_view rest = text.substr(0, text.find('\n'));
    const std::string_view indent = rest.substr(0, rest.find_first_not_of(" \t"));
    if (indent.contains('\t') && indent.size() < rest.size()) lines.push_back(line);
    text.remove_prefix(std::min(text.size(), rest.size() + 1));
  }
  return lines;
}

class YamlReader {
 public:
  YamlReader(std::string_view text, const std::string& file, const YamlLimits& limits)
      : text_(text), file_(file), limits_(limits) {}

  Yaml read() && {
    if (text_.size() > limits_.bytes) {
      refuse({0, "is larger than " + std::to_string(limits_.bytes / 1024) + " KiB"});
    } else if (auto foreign = find_foreign_bytes(text_)) {
      refuse(std::move(*foreign));
    } else {
      parse();
    }
    return std::move(yaml_);
  }

 private:
  void parse() {
    TreeBuilder builder(file_, limits_);
    try {
      std::ispanstream in{std::span<const char>(text_)};
      YAML::Parser parser(in);
      parser.HandleNextDocument(builder);
      Node root = std::move(builder.root);
      if (parser.HandleNextDocument(builder)) {
        throw Refused{builder.root.line, "holds a second YAML document; only one is read"};
      }
      yaml_.root = std::move(root);
      yaml_.problems = std::move(builder.problems);
      yaml_.disputed = std::move(builder.disputed);
    } catch (Refused& refused) {
      refuse(std::move(refused));
    } catch (const YAML::Exception& error) {
      explain(error);
    }
  }

  void explain(const YAML::Exception& error) {
    const int line = line_of(error.mark);
    const std::vector<int> tabs = lines_indented_by_tabs(text_);
    if (std::ranges::find(tabs, line) == tabs.end()) refuse({line, "not valid YAML: " + error.msg});
    for (const int tab : tabs) refuse({tab, "indented with a tab; YAML wants spaces"});
  }

  void refuse(Refused refused) {
    yaml_.broken = true;
    yaml_.problems.push_back({file_, refused.line, "", std::move(refused.message)});
  }

  std::string_view text_;
  const std::string& file_;
  const YamlLimits& limits_;
  Yaml yaml_;
};

}  // namespace

const Node* Node::member(std::string_view wanted) const {
  if (kind != Kind::mapping) return nullptr;
  const auto found = std::ranges::find(children, wanted, &Node::key);
  return found == children.end() ? nullptr : &*found;
}

Yaml parse_yaml(std::string_view text, const std::string& file, YamlLimits limits) {
  return YamlReader(text, file, limits).read();
}

}  // namespace moorgate::config
