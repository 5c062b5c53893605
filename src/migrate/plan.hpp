#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "access/access_rule.hpp"
#include "migrate/nginx_gate.hpp"
#include "migrate/place.hpp"

namespace moorgate::migrate {

/// What is said to whoever moves in. Each remark stands once.
struct Report {
  std::set<Remark> not_needed;
  std::set<Remark> lost;      // could not be carried over
  std::set<Remark> unclear;   // not understood
  std::set<Remark> holes;     // what was wide open before
  std::set<Remark> no_entry;  // users who could not sign in before, and cannot now

  bool complete() const noexcept { return lost.empty() && unclear.empty(); }
};

/// A value and where it came from.
struct Setting {
  std::string value;
  Place from;
};

/// One moorgate.yml to be, every line with its origin. The names are those of docs/config.md.
struct Plan {
  struct Listen {
    std::string address;
    bool tls = false;
    bool proxy_protocol = false;
    bool open_to_local_users = false;
    Place from;
  };
  struct Pair {
    std::string certificate;
    std::string key;
    Place from;
    Place key_from;
    bool operator==(const Pair& other) const {
      return certificate == other.certificate && key == other.key;
    }
  };
  struct Group {
    std::string name;
    std::vector<std::string> members;
    Place from;
    std::string note;
  };
  struct Rule {
    access::AccessRule rule;
    Place from;
  };
  /// A key such as limits.body_timeout that has no place of its own here.
  struct Other {
    std::string section;  // empty: at the root
    std::string key;
    Setting setting;
  };

  std::optional<Setting> public_url;
  std::optional<Setting> realm;
  std::vector<Listen> listen;
  std::vector<Pair> certificates;
  std::vector<Setting> users;  // password files
  /// Those of them, by name, of whose users the registry knew only those with bcrypt.
  std::set<std::string> bcrypt_only;
  std::optional<Place> no_sign_in;
  std::vector<Group> groups;
  std::vector<Rule> rules;
  /// Rules that say what was probably meant, shown beside those that say what was done.
  std::vector<std::string> tighter;
  std::vector<Setting> trusted;  // networks of proxies in front
  bool trusted_unsafe = false;
  std::optional<Setting> upstream;
  std::optional<Setting> root;  // of the filesystem storage, in Distribution's layout
  std::optional<Setting> upload_expiry;
  std::vector<Other> others;
};

}  // namespace moorgate::migrate
