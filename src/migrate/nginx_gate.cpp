#include "migrate/nginx_gate.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "migrate/nginx_location.hpp"

namespace moorgate::migrate {
namespace {

using Levels = std::vector<const Directive*>;

class Walk {
 public:
  Walk(const Surroundings& surroundings, const Request& request)
      : all_(surroundings),
        request_(request),
        values_(surroundings.maps, surroundings.patterns, request) {}

  Gate run() {
    if (rewrite(all_.server)) return std::move(gate_);
    Levels doubtful;
    const Levels chosen = choose_location(all_.server, request_.path, all_.patterns, doubtful);
    for (const Directive* location : doubtful) {
      gate_.unclear.push_back(
          {location->place, "not a regular expression that can be tried: " + to_string(*location)});
    }
    Levels levels = all_.outer;
    levels.push_back(&all_.server);
    levels.insert(levels.end(), chosen.begin(), chosen.end());
    const Directive* innermost = chosen.empty() ? nullptr : chosen.back();
    const bool limited = add_limit_except(chosen, levels);
    // Only the innermost location's own statements run, and a limit_except has none.
    if (!limited && innermost != nullptr && rewrite(*innermost)) return std::move(gate_);
    find_target(limited ? levels.back() : nullptr, innermost);
    if (gate_.way != Gate::Way::elsewhere) ask_for_access(levels, values_, gate_);
    return std::move(gate_);
  }

 private:
  /// The statements of the rewrite module in their order; true if they answered the request.
  bool rewrite(const Directive& block) {
    for (const auto& statement : block.children) {
      if (statement.name == "return") return answered(statement);
      if (statement.name == "break") return false;
      if (statement.name == "set" && statement.args.size() == 2) {
        values_.set(statement.args[0].substr(1), values_.expand(statement.args[1]));
      } else if (statement.name == "rewrite") {
        gate_.unclear.push_back({statement.place, "rewrite is not followed"});
      } else if (statement.name == "if" && condition(statement)) {
        return true;
      }
    }
    return false;
  }

  bool condition(const Directive& statement) {
    const auto yes = holds(statement, values_);
    if (yes) {
      if (!*yes) return false;
      if (const Directive* pass = statement.child("proxy_pass")) conditional_target_ = pass;
      return rewrite(statement);
    }
    const std::string what =
        to_string(statement) +
        (values_.unknown().empty() ? " cannot be tried" : " depends on " + values_.unknown());
    const Directive* answer = statement.child("return");
    const bool refuses = answer != nullptr && !answer->args.empty() &&
                         (answer->args[0].starts_with('4') || answer->args[0].starts_with('5'));
    (refuses ? gate_.narrowed : gate_.unclear).push_back({statement.place, what});
    for (const auto& inner : statement.children) {
      if (inner.name == "set" && inner.args.size() == 2) {
        values_.set(inner.args[0].substr(1), std::nullopt);
      }
    }
    return false;
  }

  bool answered(const Directive& statement) {
    const std::string code = statement.args.empty() ? "" : statement.args[0];
    gate_.way =
        code.starts_with('4') || code.starts_with('5') ? Gate::Way::refused : Gate::Way::elsewhere;
    gate_.by = statement.place;
    return true;
  }

  /// The innermost limit_except is a location of its own for all methods but those it names.
  bool add_limit_except(const Levels& chosen, Levels& levels) const {
    if (chosen.empty()) return false;
    for (const auto& child : chosen.back()->children) {
      if (child.name != "limit_except") continue;
      const auto names = [&](std::string_view method) {
        return std::ranges::any_of(
            child.args, [&](const std::string& arg) { return equals_ignoring_case(arg, method); });
      };
      // nginx lets HEAD go wherever GET may.
      const bool excepted = names(request_.method) || (request_.method == "HEAD" && names("GET"));
      if (!excepted) levels.push_back(&child);
      return !excepted;
    }
    return false;
  }

  void find_target(const Directive* limited, const Directive* location) {
    const Directive* pass = limited == nullptr ? nullptr : limited->child("proxy_pass");
    if (pass == nullptr) pass = conditional_target_;
    if (pass == nullptr && location != nullptr) pass = location->child("proxy_pass");
    if (pass == nullptr || pass->args.empty()) {
      gate_.by = location == nullptr ? all_.server.place : location->place;
      return;
    }
    auto target = values_.expand(pass->args[0]);
    if (!target) {
      gate_.unclear.push_back(
          {pass->place, "the registry's address depends on " + values_.unknown()});
    }
    gate_.way = Gate::Way::proxied;
    gate_.by = gate_.target_place = pass->place;
    gate_.target = target ? *target : pass->args[0];
  }

  const Surroundings& all_;
  const Request& request_;
  Values values_;
  Gate gate_;
  const Directive* conditional_target_ = nullptr;
};

}  // namespace

Gate gate_of(const Surroundings& surroundings, const Request& request) {
  return Walk(surroundings, request).run();
}

}  // namespace moorgate::migrate
