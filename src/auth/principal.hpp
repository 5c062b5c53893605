#pragma once

#include <string>
#include <utility>
#include <vector>

namespace moorgate::auth {

/// Who asks: an authenticated user, or anonymous.
class Principal {
 public:
  /// Anonymous.
  Principal() = default;
  Principal(std::string name, std::string source, std::vector<std::string> groups = {})
      : name_(std::move(name)), source_(std::move(source)), groups_(std::move(groups)) {}

  bool anonymous() const noexcept { return name_.empty(); }
  /// Empty for anonymous.
  const std::string& name() const noexcept { return name_; }
  /// The users source that vouched for it, e.g. "htpasswd".
  const std::string& source() const noexcept { return source_; }
  /// Groups that the source itself names (a directory); configured groups are access's business.
  const std::vector<std::string>& groups() const noexcept { return groups_; }

 private:
  std::string name_;
  std::string source_;
  std::vector<std::string> groups_;
};

}  // namespace moorgate::auth
