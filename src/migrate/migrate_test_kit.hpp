#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "migrate/files.hpp"
#include "migrate/nginx_config.hpp"

namespace moorgate::migrate {

/// Files in memory.
class FakeFiles final : public Files {
 public:
  FakeFiles() = default;
  FakeFiles(std::initializer_list<std::pair<const std::string, std::string>> texts)
      : texts(texts) {}

  Result<std::string> read(const std::filesystem::path& file, std::size_t limit) override {
    const auto found = texts.find(file.string());
    if (found == texts.end()) return failure(Code::internal, "no such file");
    if (found->second.size() > limit) return failure(Code::size_invalid, "too large");
    return found->second;
  }
  std::vector<std::filesystem::path> glob(const std::string& pattern) override {
    std::vector<std::filesystem::path> found;
    for (const auto& [name, text] : texts) {
      if (glob_match(pattern, name)) found.emplace_back(name);
    }
    return found;
  }

  std::map<std::string, std::string> texts;
};

/// `text` as /etc/nginx/nginx.conf, under one root.
inline Directive parsed(const std::string& text) {
  FakeFiles files{{"/etc/nginx/nginx.conf", text}};
  Directive root;
  root.children = read_nginx(files, "/etc/nginx/nginx.conf").directives;
  return root;
}

}  // namespace moorgate::migrate
