#include "migrate/rights.hpp"

#include <algorithm>
#include <utility>

#include "migrate/repository_names.hpp"

namespace moorgate::migrate {
namespace {

using access::Action;
using access::kActions;

constexpr std::size_t kMaxUsers = 2000;
/// Of the names that the configuration mentions, in how many it is asked for password files.
constexpr std::size_t kMaxNamed = 200;
constexpr std::string_view kDigest =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

class Finder {
 public:
  Finder(const Question& question, PasswordFiles& files, Report& report)
      : question_(question), files_(files), report_(report) {}

  Rights run() {
    std::vector<std::vector<std::string>> classes = {{"**"}};
    classes.insert(classes.end(), question_.classes.begin(), question_.classes.end());
    // The files first: only then is it known in whose name to ask.
    for (const auto& globs : classes) note_files(globs);
    rights_.files = used_;
    for (const auto& file : used_) {
      const auto* entries = files_.find(file);
      if (entries == nullptr) {
        rights_.all_files_read = false;
        continue;
      }
      for (const auto& [name, hash] : *entries) rights_.users.insert(name);
    }
    // Of a file that cannot be read, at least those are known whom the configuration names.
    if (!rights_.all_files_read) {
      rights_.users.insert(question_.named.begin(), question_.named.end());
    }
    if (rights_.users.size() > kMaxUsers && question_.by_name) {
      report_.unclear.insert({{}, "more users than names can be tried for"});
    }
    for (const auto& globs : classes) {
      RepositoryRights entry{.globs = globs, .who = {}};
      for (std::size_t i = 0; i < kActions.size(); ++i) entry.who[i] = who_may(globs, kActions[i]);
      rights_.classes.push_back(std::move(entry));
    }
    return std::move(rights_);
  }

 private:
  void note_files(const std::vector<std::string>& globs) {
    for (const Action action : kActions) {
      for (Request request : requests_of(action, example_of(globs.back()))) {
        request.user = kSomebody;
        note_files_of(question_.ask(request));
        for (const View& view : question_.others) {
          if (view.as_good) note_files_of(question_.ask(in_view(request, view)));
        }
        // Who is let through by name is asked for his password then.
        std::size_t tried = 0;
        for (const auto& name : question_.named) {
          if (!question_.by_name || ++tried > kMaxNamed) break;
          request.user = name;
          note_files_of(question_.ask(request));
        }
      }
    }
  }

  void note_files_of(const Gate& gate) {
    for (const auto& file : gate.files) {
      if (rights_.places.emplace(file.text, file.place).second) used_.push_back(file.text);
    }
  }

  Gate ask(Request request, const std::string& user) {
    request.user = user;
    return without_conditions(question_.ask(request), report_);
  }

  bool passes(const Gate& gate, const std::string& user) {
    if (gate.way != Gate::Way::proxied) return false;
    return std::ranges::all_of(gate.files, [&](const Remark& file) {
      const auto* entries = files_.find(file.text);
      return entries == nullptr || entries->contains(user);
    });
  }

  /// What all requests of the action demand together.
  struct Demand {
    std::set<std::string> passed;  // who did in any of the requests
    std::set<std::string> partly;  // and was refused another
    bool open = true;              // no password anywhere
    bool for_all = true;           // refused to nobody by name
    bool uneven = false;           // some are refused and some are not
    std::set<std::string> files;
    std::set<std::string> names;
    Place by;
  };

  Demand demand_of(const std::string& repository, Action action) {
    Demand demand;
    demand.names = rights_.users;
    bool refused = false;
    bool passed = false;
    for (const Request& request : requests_of(action, repository)) {
      const Gate anonymous = ask(request, "");
      const Gate gate = ask(request, kSomebody);
      const bool proxied = gate.way == Gate::Way::proxied;
      (proxied ? passed : refused) = true;
      demand.open = demand.open && anonymous.way == Gate::Way::proxied && anonymous.files.empty();
      demand.for_all = demand.for_all && proxied;
      if (proxied && gate.files.empty() && anonymous.way != Gate::Way::proxied) {
        report_.holes.insert({anonymous.by,
                              "the user's name is looked at, but no password: anybody "
                              "could claim any name"});
        demand.names.clear();
      }
      for (const auto& file : gate.files) demand.files.insert(file.text);
      if (demand.by.file.empty() || !proxied) demand.by = gate.by;
      std::erase_if(demand.names, [&](const std::string& name) {
        if (!question_.by_name) return !passes(gate, name);
        const Gate named = ask(request, name);
        for (const auto& file : named.files) demand.files.insert(file.text);
        const bool in = passes(named, name);
        if (in) demand.passed.insert(name);
        if (!in && demand.passed.contains(name)) demand.partly.insert(name);
        return !in;
      });
    }
    demand.uneven = refused && passed;
    for (const View& view : question_.others) {
      if (view.as_good) demand_too(view, repository, action, demand);
    }
    return demand;
  }

  /// Where a password is demanded in another view, it is demanded: rules know no views. What is
  /// refused in one is not refused for that in all.
  void demand_too(const View& view, const std::string& repository, Action action, Demand& demand) {
    for (const Request& plain : requests_of(action, repository)) {
      const Request request = in_view(plain, view);
      const Gate anonymous = ask(request, "");
      const Gate gate = ask(request, kSomebody);
      if (gate.way != Gate::Way::proxied) continue;
      demand.open = demand.open && anonymous.way == Gate::Way::proxied && anonymous.files.empty();
      for (const auto& file : gate.files) demand.files.insert(file.text);
      std::erase_if(demand.names, [&](const std::string& name) { return !passes(gate, name); });
    }
  }

  Who who_may(const std::vector<std::string>& globs, Action action) {
    Who who;
    for (std::size_t i = 0; i < globs.size(); ++i) {
      Who next = who_of(demand_of(example_of(globs[i]), action), action, globs[i]);
      if (i > 0 && !(next == who)) {
        report_.unclear.insert(
            {next.by, "treats " + globs[0] + " and " + globs[i] + " differently"});
      }
      if (i == 0 || next.kind < who.kind) who = std::move(next);
    }
    return who;
  }

  Who who_of(Demand demand, Action action, const std::string& glob) {
    const std::string what = std::string(to_string(action)) + " in " + glob;
    if (demand.uneven && demand.names.empty() && !question_.by_name) {
      report_.holes.insert({demand.by, "only some of the requests that make up a " + what +
                                           " were refused; the whole is refused now"});
    }
    // Half a push is none, and is meant to be none; who could pull by half of the requests could
    // pull.
    for (const auto& name : demand.partly) {
      if (action != Action::pull) break;
      std::string text = "only some of the requests that make up a ";
      text.append(what).append(" were refused to ").append(name);
      report_.lost.insert({demand.by, text + "; the whole is refused now"});
    }
    if (demand.open) return {.kind = Who::Kind::anyone, .by = demand.by};
    if (demand.files.empty()) return {.by = demand.by};
    const std::set<std::string> all(rights_.files.begin(), rights_.files.end());
    if (demand.for_all && demand.files == all && demand.names == rights_.users) {
      return {.kind = Who::Kind::signed_in, .by = demand.by};
    }
    if (demand.for_all && rights_.all_files_read && !rights_.users.empty() &&
        demand.names == rights_.users) {
      return {.kind = Who::Kind::signed_in, .by = demand.by};
    }
    const bool unread = std::ranges::any_of(
        demand.files, [&](const std::string& file) { return files_.find(file) == nullptr; });
    if (demand.names.empty() && !(unread && demand.for_all)) return {.by = demand.by};
    std::string file;
    if (demand.files.size() == 1) {
      const auto* entries = files_.find(*demand.files.begin());
      if (entries == nullptr || entries->size() == demand.names.size())
        file = *demand.files.begin();
    }
    return {.kind = Who::Kind::some,
            .names = std::move(demand.names),
            .file = std::move(file),
            .by = demand.by};
  }

  const Question& question_;
  PasswordFiles& files_;
  Report& report_;
  Rights rights_;
  std::vector<std::string> used_;
};

}  // namespace

std::vector<Request> requests_of(Action action, const std::string& repository,
                                 const std::string& reference) {
  const std::string base = "/v2/" + repository;
  const std::string blob = base + "/blobs/" + std::string(kDigest);
  const std::string manifest = base + "/manifests/" + std::string(kDigest);
  const std::string tag = base + "/manifests/" + reference;
  const std::string upload = base + "/blobs/uploads/";
  const std::string session = upload + "6b3c9a93-af5d-473f-a4ff-9710022185cd";
  switch (action) {
    case Action::pull:
      return {{"GET", tag}, {"HEAD", tag}, {"GET", manifest}, {"GET", blob}, {"HEAD", blob}};
    case Action::push:
      return {{"POST", upload}, {"PATCH", session}, {"PUT", session}, {"PUT", tag}};
    default:
      return {{"DELETE", manifest}, {"DELETE", blob}};
  }
}

Request in_view(Request request, const View& view) {
  request.host = view.host;
  request.tls = view.tls;
  request.agent = view.agent;
  request.forwarded_proto = view.forwarded_proto;
  return request;
}

Gate without_conditions(Gate gate, Report& report) {
  report.holes.insert(gate.holes.begin(), gate.holes.end());
  report.unclear.insert(gate.unclear.begin(), gate.unclear.end());
  for (const auto& remark : gate.bypassed) {
    report.lost.insert({remark.place, remark.text + "; now everybody signs in"});
  }
  if (gate.way != Gate::Way::proxied) return gate;
  const bool open = gate.files.empty();
  for (const auto& remark : gate.narrowed) {
    report.lost.insert(
        {remark.place,
         remark.text + (open ? "; no rule can say that, and without a password nobody "
                               "may do this now: decide who may and add users"
                             : "; no rule can say that, so the password alone "
                               "decides now: keep other users out by a firewall")});
  }
  if (open && !gate.narrowed.empty()) gate.way = Gate::Way::refused;
  return gate;
}

Rights find_rights(const Question& question, PasswordFiles& files, Report& report) {
  return Finder(question, files, report).run();
}

}  // namespace moorgate::migrate
