#include "config/reference.hpp"

#include <algorithm>
#include <string_view>

namespace moorgate::config {
namespace {

std::string_view section_of(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

std::string_view name_of(std::string_view path) {
  return path.substr(path.rfind('.') + 1);
}

bool is_section(const Option& option) {
  return option.type.ends_with("section") || option.type.ends_with("sections");
}

/// As the members of a section name it: a list's entries are "listen[]".
std::string inner_path(const Option& option) {
  return option.type.starts_with("list of sections") ? option.path + "[]" : option.path;
}

bool has_members(const Reference& reference, const Option& section) {
  const std::string path = inner_path(section);
  return std::ranges::any_of(reference,
                             [&](const Option& o) { return section_of(o.path) == path; });
}

/// GitHub's rule for the anchor of a heading: lower case, only letters, digits, '-' and '_'.
std::string anchor_of(std::string_view heading) {
  std::string anchor;
  for (const char c : heading) {
    if (c >= 'A' && c <= 'Z') {
      anchor += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') {
      anchor += c;
    }
  }
  return anchor;
}

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string default_of(const Option& option) {
  if (option.required) return "required";
  if (option.default_value.empty()) return "";
  return "`" + cell(option.default_value) + "`";
}

std::string type_of(const Reference& reference, const Option& option) {
  if (!is_section(option) || !has_members(reference, option)) return cell(option.type);
  return "[" + option.type + "](#" + anchor_of(inner_path(option)) + ")";
}

std::string meaning_of(const Option& option) {
  std::string text = cell(option.doc);
  if (!option.limits.empty()) text.append(" (").append(option.limits).append(")");
  return text;
}

void render_table(const Reference& reference, std::string_view section, std::string& out) {
  out += "| Key | Type | Default | Meaning |\n|---|---|---|---|\n";
  for (const Option& option : reference) {
    if (section_of(option.path) != section) continue;
    out.append("| `").append(cell(name_of(option.path))).append("` | ");
    out.append(type_of(reference, option)).append(" | ").append(default_of(option)).append(" | ");
    out.append(meaning_of(option)).append(" |\n");
  }
}

}  // namespace

std::string render_reference(const Reference& reference) {
  std::string out;
  render_table(reference, "", out);
  for (const Option& option : reference) {
    if (!is_section(option) || !has_members(reference, option)) continue;
    const std::string path = inner_path(option);
    out.append("\n## `").append(path).append("`\n\n").append(option.doc);
    if (!option.doc.empty() && !option.doc.ends_with('.')) out += '.';
    if (!option.shorthand.empty()) {
      out.append(" A plain value stands for `").append(option.shorthand).append("`.");
    }
    out += "\n\n";
    render_table(reference, path, out);
  }
  return out;
}

}  // namespace moorgate::config
