#pragma once

#include <array>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "access/access_config.hpp"
#include "access/access_rule.hpp"
#include "migrate/password_files.hpp"
#include "migrate/plan.hpp"

namespace moorgate::migrate {

/// No user has this name; whoever gets through with it gets through whatever his name.
inline const std::string kSomebody = "somebody-whom-no-file-names";

/// Who was let through to do something.
struct Who {
  enum class Kind { nobody, some, signed_in, anyone };
  Kind kind = Kind::nobody;
  std::set<std::string> names = {};  // of `some`
  std::string file = {};             // of `some`: the password file they are the users of, if one
  Place by = {};

  bool operator==(const Who& other) const { return kind == other.kind && names == other.names; }
};

/// Repositories that were treated alike, and the right to each action there.
struct RepositoryRights {
  std::vector<std::string> globs;
  std::array<Who, 3> who;  // in the order of access::kActions

  bool operator==(const RepositoryRights&) const = default;
};

/// Rights as they were, found by asking for every action in every class of repositories in the
/// name of everybody who is known.
struct Rights {
  std::vector<RepositoryRights> classes;  // the first is **
  std::set<std::string> users;            // all that could be read
  std::vector<std::string> files;         // password files in use
  std::map<std::string, Place> places;    // where each is named
  bool all_files_read = true;

  bool operator==(const Rights& other) const {
    return classes == other.classes && files == other.files;
  }
};

using AskGate = std::function<Gate(const Request&)>;

/// Another way for a client to come than the first name of the server, and its TLS if it has any.
struct View {
  enum class Refusal { counts, is_no_matter };
  std::string host = {};
  bool tls = true;
  std::string agent = {};
  std::string forwarded_proto = "https";
  std::string shown = {};  // for people: " at registry.example.com"
  /// Whether it is worth a word that nobody at all gets through this way.
  Refusal refusal = Refusal::counts;
  /// Who gets through must do so this way, too: it is asked for a password wherever the first is.
  bool as_good = true;
};

struct Question {
  AskGate ask;
  std::vector<View> others = {};
  std::vector<std::vector<std::string>> classes;  // globs, without **
  /// Names that the configuration itself mentions.
  std::set<std::string> named;
  /// Whether a user's name can make a difference beyond the password.
  bool by_name = false;
};

Rights find_rights(const Question& question, PasswordFiles& files, Report& report);

/// The requests that an action is made of; `reference` is the tag that is pulled and pushed.
std::vector<Request> requests_of(access::Action action, const std::string& repository,
                                 const std::string& reference = "latest");

Request in_view(Request request, const View& view);

/// What is left of a gate when conditions that no rule can say are gone. Beside a password a lost
/// one lets too many in, and is reported; alone it would let all in, so nobody gets through.
Gate without_conditions(Gate gate, Report& report);

/// The rules of a plan, to be asked.
access::AccessConfig access_of(const Plan& plan);

/// Rights into groups and rules of `plan`, users files included, with what cannot be said in rules
/// reported.
void add_rules(const Rights& rights, PasswordFiles& files, Plan& plan, Report& report);

}  // namespace moorgate::migrate
