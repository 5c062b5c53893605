#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.hpp"

/// YAML text into a plain tree. yaml-cpp is named only in the source.
namespace moorgate::config {

/// One value of the document. What it does not use stays empty.
struct Node {
  enum class Kind { null, scalar, list, mapping };

  Kind kind = Kind::null;
  int line = 0;               // 1 is the first; 0: not from a file
  std::string text = {};      // of a scalar
  std::string key = {};       // in the mapping it is a member of
  std::string variable = {};  // the environment variable it came from, if it did
  std::vector<Node> children = {};
  bool quoted = false;  // scalar: said to be text, so that "yes" is a word

  const Node* member(std::string_view key) const;
};

struct YamlLimits {
  std::size_t bytes;
  int depth;
  // After aliases are replaced by what they name, merged ones (<<) included.
  std::size_t nodes = 100'000;
  std::size_t expanded_bytes = 4 << 20;
};

struct Yaml {
  Node root = {};
  std::vector<Problem> problems = {};
  /// Keys that are given both by their mapping and by what it merges, where readers of YAML differ:
  /// Go's (yaml.v2, which Distribution has) lets the one win that comes later in the text, and
  /// mixes mappings. Here a mapping's own key wins, as YAML has it. For those to whom another
  /// reader's opinion matters.
  std::vector<Problem> disputed = {};
  bool broken = false;  // not YAML at all: `root` is of no use
};

/// Reads one document. Refuses what YAML allows and a configuration has no use for: several
/// documents, control characters, duplicate keys, keys that are not plain text.
///
/// The merge key `<<` of YAML 1.1 is followed: it names a mapping or a list of mappings, whose keys
/// count where the mapping has none of its own; of the list, the earlier one's.
Yaml parse_yaml(std::string_view text, const std::string& file, YamlLimits limits);

}  // namespace moorgate::config
