#include "migrate/password_files.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/text.hpp"

namespace moorgate::migrate {
namespace {

constexpr std::size_t kMaxFile = std::size_t{4} << 20U;

std::map<std::string, std::string> entries_of(std::string_view text,
                                              std::set<std::string>& doubled) {
  std::map<std::string, std::string> entries;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t colon = line.find(':');
    if (line.starts_with('#') || colon == 0 || colon == std::string_view::npos) continue;
    std::string name(line.substr(0, colon));
    if (!entries.try_emplace(name, trim(line.substr(colon + 1))).second) {
      doubled.insert(std::move(name));
    }
  }
  return entries;
}

}  // namespace

const std::map<std::string, std::string>* PasswordFiles::find(const std::string& file) {
  auto known = read_.find(file);
  if (known == read_.end()) {
    asked_.push_back(file);
    const auto text = files_.read(file, kMaxFile);
    known =
        read_.emplace(file, text ? std::optional(entries_of(*text, doubled_[file])) : std::nullopt)
            .first;
  }
  return known->second ? &*known->second : nullptr;
}

const std::set<std::string>& PasswordFiles::doubled(const std::string& file) {
  std::ignore = find(file);
  return doubled_[file];
}

}  // namespace moorgate::migrate
