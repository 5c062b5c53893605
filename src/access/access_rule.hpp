#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/permit.hpp"

namespace moorgate::access {

/// A set of actions.
class Actions {
 public:
  constexpr Actions() = default;
  constexpr Actions(std::initializer_list<Action> actions) {
    for (const Action action : actions) add(action);
  }
  static constexpr Actions all() { return {Action::pull, Action::push, Action::remove}; }

  constexpr void add(Action action) noexcept { bits_ |= bit(action); }
  constexpr bool has(Action action) const noexcept { return (bits_ & bit(action)) != 0; }
  constexpr bool empty() const noexcept { return bits_ == 0; }
  constexpr bool operator==(const Actions&) const = default;

 private:
  static constexpr std::uint8_t bit(Action action) noexcept {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(action));
  }
  std::uint8_t bits_ = 0;
};

/// "pull, push"; empty for none.
std::string to_string(Actions actions);
/// The reverse of to_string(Action).
std::optional<Action> parse_action(std::string_view text) noexcept;
inline constexpr std::array kActions = {Action::pull, Action::push, Action::remove};

/// Whom a rule is about.
struct Subject {
  enum class Kind : std::uint8_t { anyone, signed_in, user, group };
  Kind kind = Kind::signed_in;
  std::string pattern = {};  // glob over names of users or groups

  bool operator==(const Subject&) const = default;
};

/// As it would be written: "signed-in", "group:pushers".
std::string to_string(const Subject& subject);

/// One entry of `access`, as configured.
struct AccessRule {
  Subject who;
  std::vector<std::string> repositories;  // globs, perhaps with {user}
  Actions allow = {};
  Actions deny = {};
  std::string why = {};    // shown to whoever the rule denies
  std::string where = {};  // how messages name the rule: "line 14", "access[2]"

  bool operator==(const AccessRule&) const = default;
};

/// One entry of `groups`.
struct Group {
  std::string name;
  std::vector<std::string> members;  // globs over user names

  bool operator==(const Group&) const = default;
};

}  // namespace moorgate::access
