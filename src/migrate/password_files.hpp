#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "migrate/files.hpp"

namespace moorgate::migrate {

/// The names in the password files that were used, each file read once.
class PasswordFiles {
 public:
  explicit PasswordFiles(Files& files) : files_(files) {}

  /// Names and what stands behind them, the first line of a name counts; null: cannot be read.
  const std::map<std::string, std::string>* find(const std::string& file);
  /// Names that have more than one line in it; empty if it cannot be read.
  const std::set<std::string>& doubled(const std::string& file);
  /// Files asked for so far, in that order.
  const std::vector<std::string>& asked() const noexcept { return asked_; }

 private:
  Files& files_;
  std::map<std::string, std::optional<std::map<std::string, std::string>>> read_;
  std::map<std::string, std::set<std::string>> doubled_;
  std::vector<std::string> asked_;
};

}  // namespace moorgate::migrate
