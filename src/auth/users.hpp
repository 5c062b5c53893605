#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "auth/authenticator.hpp"
#include "auth/htpasswd_authenticator.hpp"
#include "auth/htpasswd_file.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "config/problem.hpp"
#include "net/blocking.hpp"

namespace moorgate::config {
class Reader;
}

namespace moorgate::auth {

struct HtpasswdSource {
  std::filesystem::path file;
  Schemes schemes = Schemes::all;

  bool operator==(const HtpasswdSource&) const = default;
};

struct UsersConfig {
  std::vector<HtpasswdSource> htpasswd;  // tried in this order
  /// False: nobody is asked who they are, everybody is anonymous.
  bool sign_in = true;

  bool operator==(const UsersConfig&) const = default;
};

/// Reads the keys `users` and `sign_in` of the document's root.
UsersConfig parse_users(const config::Reader& in);

/// Outcome of reading the sources' files. `errors` is not empty if one of them cannot be used.
struct UserProblems {
  std::vector<config::Problem> errors;
  std::vector<config::Problem> warnings;
};

/// All sources of users, asked in the order of the configuration. A wrong password for a user whom
/// a source knows ends the search; a user known to none costs as much as one who is.
class UserSources final : public Authenticator {
 public:
  /// Loads every source; null if one of them cannot be used. Blocking, for start-up and reload.
  static std::shared_ptr<UserSources> open(const UsersConfig& config, net::Blocking& pool,
                                           UserProblems& problems);
  explicit UserSources(std::vector<std::unique_ptr<UserSource>> sources);

  Task<Result<Principal>> authenticate(Credentials credentials) override;
  std::uint64_t generation() const noexcept override;

  /// Reads one of files() again. With errors the old content stays in force. Blocking, any thread
  /// but a worker's.
  UserProblems reload(const std::filesystem::path& file);
  /// To be watched.
  std::vector<std::filesystem::path> files() const;

 private:
  struct WatchedFile {
    HtpasswdSource from;
    HtpasswdAuthenticator* source;
  };

  std::vector<std::unique_ptr<UserSource>> sources_;
  std::vector<WatchedFile> files_;
};

}  // namespace moorgate::auth
