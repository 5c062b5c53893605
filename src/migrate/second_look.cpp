#include "migrate/second_look.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "access/policy.hpp"
#include "auth/principal.hpp"
#include "oci/name.hpp"

namespace moorgate::migrate {
namespace {

using access::Action;
using access::kActions;

constexpr std::size_t kMaxUsers = 50;
/// Probes in each view but the first.
constexpr std::size_t kFew = 24;

/// http://registry:5000 of what a request is handed on to.
std::string origin_of(const std::string& target) {
  const std::size_t scheme = target.find("://");
  if (scheme == std::string::npos || target.substr(scheme + 3).starts_with("unix:")) return target;
  return target.substr(0, target.find('/', scheme + 3));
}

class SecondLook {
 public:
  SecondLook(const Question& question, const Rights& rights, PasswordFiles& files, const Plan& plan,
             Report& report)
      : question_(question),
        rights_(rights),
        files_(files),
        policy_(access_of(plan)),
        report_(report) {}

  void run(const std::vector<Probe>& probes) {
    choose_users(probes);
    find_target(probes);
    for (const Probe& probe : probes) compare(probe, {}, true);
    for (const View& view : question_.others) {
      for (std::size_t i = 0; i < std::min(kFew, probes.size()); ++i)
        compare(probes[i], view, false);
    }
  }

 private:
  struct Verdict {
    bool passes = true;
    bool elsewhere = false;
    Place by = {};
  };

  /// Nobody, and of the users one for each choice of password files that know him.
  void choose_users(const std::vector<Probe>& probes) {
    users_ = {""};
    const std::set<std::string> files = files_of(probes);
    std::set<std::string> everybody = rights_.users;
    for (const auto& file : files) {
      const auto* entries = files_.find(file);
      if (entries == nullptr) continue;
      for (const auto& [name, hash] : *entries) everybody.insert(name);
    }
    std::set<std::vector<bool>> seen;
    bool left_out = false;
    const auto add = [&](const std::string& user) {
      std::vector<bool> known_to;
      for (const auto& file : files) {
        const auto* entries = files_.find(file);
        known_to.push_back(entries != nullptr && entries->contains(user));
      }
      const bool fresh = seen.insert(std::move(known_to)).second;
      if (!fresh && !question_.by_name) return;
      if (std::ranges::find(users_, user) != users_.end()) return;
      if (users_.size() > kMaxUsers) {
        left_out = true;
      } else {
        users_.push_back(user);
      }
    };
    // First those of whom something is said.
    for (const auto& user : question_.named) {
      if (everybody.contains(user)) add(user);
    }
    for (const auto& user : everybody) add(user);
    if (left_out && question_.by_name) {
      report_.unclear.insert({{},
                              "there are more users than those in whose names the rules were "
                              "compared with what nginx says"});
    }
    if (!rights_.all_files_read) users_.push_back(kSomebody);
  }

  /// Password files that are asked for anywhere, also where no rights were found.
  std::set<std::string> files_of(const std::vector<Probe>& probes) {
    std::set<std::string> files(rights_.files.begin(), rights_.files.end());
    for (const Probe& probe : probes) {
      for (const Action action : kActions) {
        for (Request request : requests_of(action, probe.repository, probe.reference)) {
          request.user = kSomebody;
          for (const auto& file : question_.ask(request).files) files.insert(file.text);
        }
      }
    }
    return files;
  }

  /// Of a registry and its mirror the one that is pushed to is the one that is kept.
  void find_target(const std::vector<Probe>& probes) {
    Report ignored;
    for (const Probe& probe : probes) {
      for (const auto& user : users_) {
        Request push = requests_of(Action::push, probe.repository).back();
        push.user = user;
        const Gate gate = without_conditions(question_.ask(push), ignored);
        if (gate.way != Gate::Way::proxied) continue;
        target_ = origin_of(gate.target);
        return;
      }
    }
  }

  std::vector<Request> requests_of_probe(Action action, const Probe& probe) const {
    auto requests = requests_of(action, probe.repository, probe.reference);
    if (action == Action::push) {
      Request mount = requests.front();
      mount.args = "mount=sha256:0&from=zz9";
      requests.push_back(std::move(mount));
    }
    return requests;
  }

  Verdict verdict_on(const std::vector<Request>& requests, const View& view,
                     const std::string& user) {
    Verdict verdict;
    for (const Request& each : requests) {
      Request request = in_view(each, view);
      request.user = user;
      const Gate gate = without_conditions(question_.ask(request), report_);
      const bool knows = std::ranges::all_of(gate.files, [&](const Remark& file) {
        const auto* entries = files_.find(file.text);
        return entries == nullptr ? !user.empty() : entries->contains(user);
      });
      const bool passes = gate.way == Gate::Way::proxied && knows;
      if (passes) look_at_target(gate, view);
      if (verdict.passes) verdict.by = gate.by;
      verdict.passes = verdict.passes && passes;
      verdict.elsewhere = verdict.elsewhere || gate.way == Gate::Way::elsewhere;
    }
    return verdict;
  }

  void look_at_target(const Gate& gate, const View& view) {
    const std::string origin = origin_of(gate.target);
    if (target_.empty()) target_ = origin;
    if (origin == target_ || !targets_.insert(origin).second) return;
    report_.lost.insert({gate.target_place, "some requests" + view.shown +
                                                " go to another registry, " + origin +
                                                "; all go to one now"});
  }

  void compare(const Probe& probe, const View& view, bool first) {
    const auto where = oci::RepositoryName::parse(probe.repository);
    if (!where) return;
    for (const Action action : kActions) {
      const auto requests = requests_of_probe(action, probe);
      std::vector<std::pair<std::string, Verdict>> verdicts;
      bool nobody = true;
      for (const auto& user : users_) {
        verdicts.emplace_back(user, verdict_on(requests, view, user));
        nobody = nobody && !verdicts.back().second.passes;
      }
      if (nobody && view.refusal == View::Refusal::is_no_matter) continue;
      for (const auto& [user, verdict] : verdicts) {
        if (!first && verdict.elsewhere) continue;
        const auto principal = user.empty() ? auth::Principal() : auth::Principal(user, "htpasswd");
        const bool now = policy_.decide(principal, *where, action).allowed;
        if (now != verdict.passes) tell(user, verdict, action, probe, first ? View{} : view);
      }
    }
  }

  void tell(const std::string& user, const Verdict& verdict, Action action, const Probe& probe,
            const View& view) {
    const bool known = std::ranges::any_of(
        report_.lost, [&](const Remark& remark) { return remark.place == verdict.by; });
    // That something is no longer possible shows by itself.
    if (verdict.passes && known) return;
    const std::string whom = user.empty() || question_.by_name ? user : "anybody";
    if (!told_.emplace(verdict.by, verdict.passes, whom, action).second) return;
    // The same in another view is no news, and one action is enough to find it.
    const bool fresh = places_.emplace(verdict.by, verdict.passes).second;
    if (!view.shown.empty() && !fresh) return;
    const std::string who = user.empty()        ? "who does not sign in"
                            : user == kSomebody ? "a user"
                                                : user;
    const std::string tag =
        probe.reference == "latest" ? "" : " the tag " + probe.reference + " of";
    const std::string what = std::string(to_string(action)) + (tag.empty() ? " in" : tag);
    report_.lost.insert({verdict.by, who + (verdict.passes ? " could " : " could not ") + what +
                                         " " + probe.repository + view.shown +
                                         (verdict.passes ? " and no longer can" : " and now can") +
                                         ": no rule was found that says that; change access"});
  }

  const Question& question_;
  const Rights& rights_;
  PasswordFiles& files_;
  const access::Policy policy_;
  Report& report_;
  std::vector<std::string> users_;
  std::string target_;
  std::set<std::string> targets_;  // but the first
  std::set<std::tuple<Place, bool, std::string, Action>> told_;
  std::set<std::pair<Place, bool>> places_;
};

}  // namespace

void look_again(const Question& question, const Rights& rights, const std::vector<Probe>& probes,
                PasswordFiles& files, const Plan& plan, Report& report) {
  SecondLook(question, rights, files, plan, report).run(probes);
}

}  // namespace moorgate::migrate
