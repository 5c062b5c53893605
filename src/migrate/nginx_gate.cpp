#include "migrate/nginx_gate.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "migrate/nginx_location.hpp"

namespace moorgate::migrate {
namespace {

using Levels = std::vector<const Directive*>;

bool sets_variable(const Directive& statement) {
  return statement.name == "set" && statement.args.size() == 2 &&
         statement.args[0].starts_with('$');
}

class Walk {
 public:
  Walk(const Surroundings& surroundings, const Request& request)
      : all_(surroundings),
        request_(request),
        values_(surroundings.maps, surroundings.patterns, request) {}

  Gate run() {
    if (rewrite(all_.server) == Rewritten::answered) return std::move(gate_);
    Levels doubtful;
    const Levels chosen = choose_location(all_.server, request_.path, all_.patterns, doubtful);
    for (const Directive* location : doubtful) {
      gate_.unclear.push_back(
          {location->place, "not a regular expression that can be tried: " + to_string(*location)});
    }
    const Directive* files = chosen.empty() ? nullptr : chosen.back()->child("try_files");
    const bool goes_on = pass_through(chosen, files != nullptr);
    if (goes_on && files != nullptr && gate_.way != Gate::Way::refused) try_files(chosen, *files);
    return std::move(gate_);
  }

 private:
  enum class Rewritten { on, stopped, answered };

  /// What the chosen locations do with it, after the server's own statements; `asked`: access is
  /// asked for wherever it ends. False: it has been answered.
  bool pass_through(const Levels& chosen, bool asked) {
    Levels levels = all_.outer;
    levels.push_back(&all_.server);
    levels.insert(levels.end(), chosen.begin(), chosen.end());
    const Directive* innermost = chosen.empty() ? nullptr : chosen.back();
    if (innermost != nullptr && is_internal(*innermost)) return false;
    const bool limited = add_limit_except(chosen, levels);
    // Only the innermost location's own statements run, and a limit_except has none.
    if (!limited && innermost != nullptr && rewrite(*innermost) == Rewritten::answered)
      return false;
    find_target(limited ? levels.back() : nullptr, innermost);
    if (asked || gate_.way != Gate::Way::elsewhere) ask_for_access(levels, values_, gate_);
    return true;
  }

  /// Where none of the files is there. nginx has asked for access by then, and does so again in the
  /// location that it goes on with: what either demands is demanded.
  void try_files(const Levels& chosen, const Directive& files) {
    const Directive* other = fallback_of(all_.server, chosen);
    if (other == nullptr) {
      gate_.way = Gate::Way::refused;
      gate_.by = files.place;
      gate_.unclear.push_back(
          {files.place, to_string(files) + " is not followed: taken as refused"});
      return;
    }
    Gate first = std::exchange(gate_, {});
    conditional_target_ = nullptr;
    pass_through({other}, false);
    const auto add = [](std::vector<Remark>& to, const std::vector<Remark>& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    add(gate_.files, first.files);
    add(gate_.narrowed, first.narrowed);
    add(gate_.bypassed, first.bypassed);
    add(gate_.holes, first.holes);
    add(gate_.unclear, first.unclear);
    if (gate_.realm.empty()) gate_.realm = first.realm;
  }

  /// No client gets into it: 404.
  bool is_internal(const Directive& location) {
    const Directive* internal = location.child("internal");
    if (internal == nullptr) return false;
    gate_.way = Gate::Way::refused;
    gate_.by = internal->place;
    return true;
  }

  /// The statements of the rewrite module in their order.
  Rewritten rewrite(const Directive& block) {
    for (const auto& statement : block.children) {
      if (statement.name == "return") {
        answer(statement);
        return Rewritten::answered;
      }
      if (statement.name == "break") return Rewritten::stopped;
      if (sets_variable(statement)) {
        values_.set(statement.args[0].substr(1), values_.expand(statement.args[1]));
      } else if (statement.name == "rewrite") {
        gate_.unclear.push_back({statement.place, "rewrite is not followed"});
      } else if (statement.name == "if") {
        if (const auto inner = condition(statement); inner != Rewritten::on) return inner;
      }
    }
    return Rewritten::on;
  }

  Rewritten condition(const Directive& statement) {
    const auto yes = holds(statement, values_);
    if (yes) {
      if (!*yes) return Rewritten::on;
      if (const Directive* pass = statement.child("proxy_pass")) conditional_target_ = pass;
      return rewrite(statement);
    }
    const std::string what =
        to_string(statement) +
        (values_.unknown().empty() ? " cannot be tried" : " depends on " + values_.unknown());
    // Wherever else it sends the client, it is not to the registry.
    const bool keeps_out =
        statement.child("return") != nullptr || statement.child("rewrite") != nullptr;
    (keeps_out ? gate_.narrowed : gate_.unclear).push_back({statement.place, what});
    for (const auto& inner : statement.children) {
      if (sets_variable(inner)) {
        values_.set(inner.args[0].substr(1), std::nullopt);
      }
    }
    return Rewritten::on;
  }

  void answer(const Directive& statement) {
    const std::string code = statement.args.empty() ? "" : statement.args[0];
    gate_.way =
        code.starts_with('4') || code.starts_with('5') ? Gate::Way::refused : Gate::Way::elsewhere;
    gate_.by = statement.place;
    const Directive* page = page_elsewhere(all_.server, code);
    for (const Directive* level : all_.outer) {
      if (page == nullptr) page = page_here(*level, code);
    }
    if (page != nullptr) {
      gate_.unclear.push_back({statement.place, to_string(statement) + " goes on by " +
                                                    to_string(*page) +
                                                    ", which is not followed: taken as refused"});
    }
  }

  /// An error_page that hands such an answer on to a location which may serve it after all.
  static const Directive* page_elsewhere(const Directive& block, const std::string& code) {
    for (const auto& child : block.children) {
      if (child.name != "location") continue;
      if (const Directive* found = page_elsewhere(child, code)) return found;
    }
    return page_here(block, code);
  }

  static const Directive* page_here(const Directive& block, const std::string& code) {
    for (const auto& child : block.children) {
      if (child.name != "error_page" || child.args.size() < 2) continue;
      const bool meant = std::ranges::find(child.args, code) != child.args.end();
      if (meant && child.args.back().starts_with('@')) return &child;
    }
    return nullptr;
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

const Directive* fallback_of(const Directive& server, const Levels& chosen) {
  const Directive* files = chosen.empty() ? nullptr : chosen.back()->child("try_files");
  if (files == nullptr || files->args.empty()) return nullptr;
  for (const auto& location : server.children) {
    if (location.name != "location") continue;
    const auto [modifier, text] = name_of(location);
    if (modifier == "@" && "@" + text == files->args.back()) return &location;
    if (modifier.empty() && text == files->args.back()) return &location;
  }
  return nullptr;
}

Gate gate_of(const Surroundings& surroundings, const Request& request) {
  return Walk(surroundings, request).run();
}

}  // namespace moorgate::migrate
