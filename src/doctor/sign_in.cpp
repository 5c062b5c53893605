#include "doctor/sign_in.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/text.hpp"

namespace moorgate::doctor {
namespace {

namespace json = boost::json;

std::string scope_of(const std::string& repository) {
  return repository.empty() ? "registry:catalog:*" : "repository:" + repository + ":pull,push";
}

Result<Secret> token_in(std::string_view body) {
  boost::system::error_code error;
  const json::value answer = json::parse(body, error);
  if (!error && answer.is_object()) {
    for (const char* name : {"token", "access_token"}) {
      const json::value* token = answer.get_object().if_contains(name);
      if (token != nullptr && token->is_string() && !token->get_string().empty()) {
        return Secret("Bearer " + std::string(token->get_string()));
      }
    }
  }
  return failure(Code::unauthorized, "the token realm's answer holds no token");
}

}  // namespace

std::vector<upstream::Challenge> challenges_of(const Answer& answer) {
  auto challenges = upstream::parse_challenges(answer.header("WWW-Authenticate"));
  return challenges ? *std::move(challenges) : std::vector<upstream::Challenge>();
}

Secret basic_authorization(const Account& account) {
  const Secret pair(account.user + ":" + std::string(account.password.reveal()));
  return Secret("Basic " + to_base64(pair.reveal()));
}

Result<Secret> SignIn::authorization_for(const std::string& repository) {
  if (challenge_.scheme == "basic") return basic_authorization(account_);
  if (challenge_.scheme != "bearer") {
    return failure(Code::unauthorized, "the challenge is neither Basic nor Bearer");
  }
  if (token_repository_ == repository) return token_;
  auto token = token_for(repository);
  if (!token) return token;
  token_repository_ = repository;
  token_ = *token;
  return token;
}

Result<Secret> SignIn::token_for(const std::string& repository) {
  const auto realm = Url::parse(challenge_.find("realm").value_or(""));
  if (!realm) return failure(realm.error());
  if (!realm->origin().is_tls() && realm->origin() != door_.origin()) {
    return failure(Code::unauthorized, "the password is not sent to the token realm " +
                                           realm->origin().text() +
                                           ": it has no TLS and is not the door itself");
  }
  std::string target = realm->target();
  target += target.contains('?') ? '&' : '?';
  target += "service=" + percent_encode(challenge_.find("service").value_or("")) +
            "&scope=" + percent_encode(scope_of(repository)) +
            "&account=" + percent_encode(account_.user);
  const Answer answer = probe_.ask({.method = "GET",
                                    .url = realm->at(std::move(target)),
                                    .authorization = basic_authorization(account_)});
  if (!answer.is(200)) {
    return failure(Code::unauthorized,
                   "the token realm " + realm->origin().text() + " says " + answer.summary());
  }
  return token_in(answer.body);
}

}  // namespace moorgate::doctor
