#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "doctor/http_probe.hpp"
#include "upstream/challenge_parser.hpp"

namespace moorgate::doctor {

struct Account {
  std::string user;
  Secret password;
};

/// What the answer's WWW-Authenticate offers; empty where it says nothing that can be read.
std::vector<upstream::Challenge> challenges_of(const Answer& answer);

/// Answers the door's challenge. A password goes to the door itself and to a token realm that has
/// TLS or is of the same origin, nowhere else.
class SignIn {
 public:
  SignIn(HttpProbe& probe, Url door, upstream::Challenge challenge, Account account)
      : probe_(probe),
        door_(std::move(door)),
        challenge_(std::move(challenge)),
        account_(std::move(account)) {}

  /// Value of the Authorization header for a repository; for the API's base and the catalog when
  /// `repository` is empty. unauthorized says why there is none. Keeps the last token.
  Result<Secret> authorization_for(const std::string& repository);

 private:
  Result<Secret> token_for(const std::string& repository);

  HttpProbe& probe_;
  Url door_;
  upstream::Challenge challenge_;
  Account account_;
  std::optional<std::string> token_repository_;
  Secret token_;
};

/// Value of an Authorization header of RFC 7617.
Secret basic_authorization(const Account& account);

}  // namespace moorgate::doctor
