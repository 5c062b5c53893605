#pragma once

#include <string>
#include <vector>

/// What the parse functions declared, as data, and as the Markdown of docs/config.md.
namespace moorgate::config {

struct Option {
  std::string path;                // "listen[].address", "groups.NAME"
  std::string type;                // "text", "duration", "section", "one of json, human"…
  std::string default_value = {};  // as it would be written in the file; empty: none
  std::string doc = {};
  std::string limits = {};     // "at least 1, at most 65535"
  std::string shorthand = {};  // of a section: the key a plain value stands for
  bool required = false;
};

using Reference = std::vector<Option>;

/// A heading per section and a table of its keys, in the order of declaration.
std::string render_reference(const Reference& reference);

}  // namespace moorgate::config
