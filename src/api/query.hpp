#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moorgate::api {

/// The parameters of a query string, decoded once. A '+' stays a '+': media types and digests hold
/// it, and none of the registry's parameters may hold a space.
class Query {
 public:
  /// nullopt on a broken percent-escape.
  static std::optional<Query> parse(std::string_view text);

  /// The first value of that name, or nullopt.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  std::vector<std::string_view> all(std::string_view name) const;
  /// Names and values in the order of the query.
  std::span<const std::pair<std::string, std::string>> parameters() const noexcept {
    return parameters_;
  }

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace moorgate::api
