#include <algorithm>

#include "access/access_rule.hpp"

namespace moorgate::access {

std::string_view to_string(Action action) noexcept {
  switch (action) {
    case Action::pull:
      return "pull";
    case Action::push:
      return "push";
    case Action::remove:
      return "delete";
  }
  return "unknown";
}

std::optional<Action> parse_action(std::string_view text) noexcept {
  const auto* found = std::ranges::find(kActions, text, [](Action a) { return to_string(a); });
  if (found == kActions.end()) return std::nullopt;
  return *found;
}

std::string to_string(Actions actions) {
  std::string out;
  for (const Action action : kActions) {
    if (!actions.has(action)) continue;
    if (!out.empty()) out += ", ";
    out += to_string(action);
  }
  return out;
}

std::string to_string(const Subject& subject) {
  switch (subject.kind) {
    case Subject::Kind::anyone:
      return "anyone";
    case Subject::Kind::signed_in:
      return "signed-in";
    case Subject::Kind::user:
      return "user:" + subject.pattern;
    case Subject::Kind::group:
      return "group:" + subject.pattern;
  }
  return "unknown";
}

}  // namespace moorgate::access
