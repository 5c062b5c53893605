#include "doctor/checks_door.hpp"

#include "base/text.hpp"
#include "doctor/sign_in.hpp"

namespace moorgate::doctor {
namespace {

constexpr std::string_view kVersionHeader = "Docker-Distribution-Api-Version";
constexpr std::string_view kAsked = "GET /v2/ without a password: ";

bool is_redirect(const Answer& answer) {
  return answer.answered() && answer.status >= 300 && answer.status < 400 &&
         !answer.header("Location").empty();
}

/// What stands in the way of asking anything else, if something does.
Findings check_reached(const Answer& answer) {
  if (is_redirect(answer)) {
    return {{Ailment::redirected, std::string(kAsked) + std::to_string(answer.status) + " to " +
                                      quoted(answer.header("Location"))}};
  }
  const std::string seen = std::string(kAsked) + answer.summary();
  if (!answer.answered() || (answer.status >= 502 && answer.status <= 504)) {
    return {{Ailment::upstream_down, seen}};
  }
  if (answer.status == 404) return {{Ailment::path_missing, seen}};
  return {{Ailment::no_registry, seen + ", and it starts with " + quoted(answer.body, 40)}};
}

void check_realm(const Url& door, const upstream::Challenge& challenge, Findings& findings) {
  if (challenge.scheme != "bearer") return;
  const std::string_view named = challenge.find("realm").value_or("");
  const auto realm = Url::parse(named);
  if (realm && realm->origin().is_tls()) return;
  if (realm && realm->origin() == door.origin()) return;
  findings.push_back(
      {Ailment::realm_elsewhere, std::string(kAsked) + "the token realm is " + quoted(named)});
}

void check_challenge(const Url& door, const Answer& answer, Findings& findings) {
  const std::size_t lines = answer.count("WWW-Authenticate");
  if (lines == 0) {
    findings.push_back({Ailment::challenge_missing, std::string(kAsked) + "401 without it"});
    return;
  }
  const auto challenges = challenges_of(answer);
  if (lines > 1 || challenges.size() > 1) {
    findings.push_back(
        {Ailment::challenge_several,
         std::string(kAsked) + std::to_string(std::max(lines, challenges.size())) + " challenges"});
  }
  if (challenges.empty() ||
      (challenges.front().scheme != "basic" && challenges.front().scheme != "bearer")) {
    findings.push_back({Ailment::challenge_altered, std::string(kAsked) + "WWW-Authenticate: " +
                                                        quoted(answer.header("WWW-Authenticate"))});
    return;
  }
  check_realm(door, challenges.front(), findings);
}

void check_version(std::string_view asked, const Answer& answer, Findings& findings) {
  if (!answer.header(kVersionHeader).contains("registry/2.0")) {
    findings.push_back({Ailment::version_missing,
                        std::string(asked) + std::to_string(answer.status) + " without it"});
  }
}

}  // namespace

Findings check_certificate(const Url& door, const Answer& verified, const Answer& trusting) {
  const std::string seen = door.origin().text() + ": " + verified.failure;
  switch (verified.tls) {
    case TlsProblem::none:
      return {};
    case TlsProblem::expired:
      return {{Ailment::certificate_expired, seen}};
    case TlsProblem::wrong_name:
      return {{Ailment::certificate_name, seen}};
    case TlsProblem::unknown_authority:
      return {
          {trusting.certificate_alone ? Ailment::certificate_chain : Ailment::certificate_unknown,
           seen + (trusting.certificate_alone ? "; it sends one certificate, and who signed that "
                                                "is not known here (an authority "
                                                "of your own is named with --ca FILE)"
                                              : "")}};
    case TlsProblem::other:
      break;
  }
  return {{Ailment::tls_failed, seen}};
}

bool speaks_registry(const Answer& answer) {
  return answer.answered() &&
         (answer.header(kVersionHeader).contains("registry/2.0") ||
          (answer.body.starts_with('{') && answer.body.contains("\"errors\"")));
}

bool is_registry(const Answer& answer) {
  if (answer.is(401)) return true;
  // A portal says 200 too, but with a page; a registry's body is empty or {}.
  return answer.is(200) &&
         (speaks_registry(answer) || answer.body.empty() || trim(answer.body) == "{}");
}

Findings check_base(const Url& door, const Answer& answer) {
  if (!is_registry(answer)) return check_reached(answer);
  Findings findings;
  if (!door.origin().is_tls() && !door.origin().is_loopback()) {
    findings.push_back({Ailment::plain_http, door.text() + " is spoken to without TLS"});
  }
  check_version(kAsked, answer, findings);
  if (answer.status == 401) check_challenge(door, answer, findings);
  return findings;
}

Findings check_plain_door(const Url& plain, const Answer& answer) {
  if (!is_registry(answer)) return {};
  return {{Ailment::plain_door, "GET " + plain.text() + ": " + answer.summary() +
                                    (answer.status == 401 ? " and a challenge" : "")}};
}

Findings check_signed_in(const Answer& answer) {
  Findings findings;
  if (!answer.is(200)) {
    findings.push_back({Ailment::authorization_lost, "GET /v2/ signed in: " + answer.summary()});
  } else {
    check_version("GET /v2/ signed in: ", answer, findings);
  }
  return findings;
}

}  // namespace moorgate::doctor
