#include "doctor/examination.hpp"

#include "base/text.hpp"
#include "doctor/checks_door.hpp"
#include "doctor/checks_trust.hpp"

namespace moorgate::doctor {
namespace {

/// The door's first answer. A certificate that is no good is a finding, and the rest is asked
/// without checking it, as a stranger.
Answer knock(Visit& visit, bool& may_sign_in) {
  const Url base = visit.order.door.at("/v2/");
  visit.doing("knocking at " + base.text());
  Answer answer = visit.ask_as_stranger("GET", base);
  if (answer.outcome != Outcome::untrusted) return answer;
  may_sign_in = false;
  visit.probe.trust_anybody();
  Answer trusting = visit.ask_as_stranger("GET", base);
  visit.add(check_certificate(visit.order.door, answer, trusting));
  if (visit.order.account) {
    visit.note(
        "no password was sent, since the certificate is not good; uploads and images were "
        "not examined. If the authority is your own, name it with --ca FILE");
  }
  return trusting;
}

void examine_plain_door(Visit& visit) {
  if (!visit.order.door.origin().is_tls()) return;
  visit.doing("looking for a door without TLS");
  const Url plain = visit.order.door.at_port("http", visit.order.plain_port).at("/v2/");
  visit.add(check_plain_door(plain, visit.ask_as_stranger("GET", plain)));
}

bool sign_in(Visit& visit, const Answer& base) {
  const auto challenges = challenges_of(base);
  if (challenges.empty()) return false;
  visit.doing("signing in as " + visit.order.account->user);
  visit.sign_in.emplace(visit.probe, visit.order.door, challenges.front(), *visit.order.account);
  auto authorization = visit.sign_in->authorization_for("");
  if (!authorization) {
    visit.add({{Ailment::authorization_lost, authorization.error().message}});
    return false;
  }
  const Answer answer = visit.probe.ask({.method = "GET",
                                         .url = visit.order.door.at("/v2/"),
                                         .authorization = std::move(*authorization)});
  visit.add(check_signed_in(answer));
  return answer.is(200);
}

/// Whether there is a way to go on to what only those see who are let in.
bool get_in(Visit& visit, const Answer& base, bool may_sign_in) {
  if (base.is(200)) {
    if (visit.order.account) visit.add(check_password_unasked(base));
    return true;
  }
  if (!visit.order.account) {
    visit.note(
        "uploads and images were not examined: name a user who may push with --user NAME "
        "--password-stdin");
    return false;
  }
  return may_sign_in && sign_in(visit, base);
}

bool may_send_passwords(Visit& visit) {
  const Origin& origin = visit.order.door.origin();
  if (origin.is_tls() || origin.is_loopback()) return true;
  if (visit.order.account) {
    visit.note("no password was sent, since " + origin.text() +
               " has no TLS; uploads and images "
               "were not examined");
  }
  return false;
}

}  // namespace

Report examine(HttpProbe& probe, const Order& order, const Progress& progress) {
  Visit visit{.probe = probe, .order = order, .progress = progress};
  bool may_sign_in = may_send_passwords(visit);
  const Answer base = knock(visit, may_sign_in);
  if (base.outcome == Outcome::unreachable) {
    visit.note(order.door.origin().text() + " cannot be reached: " + base.failure);
    return std::move(visit.report);
  }
  visit.report.ran = true;
  visit.report.server = quoted(base.header("Server"), 60);
  if (base.outcome == Outcome::untrusted) return std::move(visit.report);
  visit.add(check_base(order.door, base));
  examine_plain_door(visit);
  if (!is_registry(base)) return std::move(visit.report);
  if (base.status == 401) examine_trust(visit);
  if (!visit.has_time_for("uploads and images were")) return std::move(visit.report);
  if (get_in(visit, base, may_sign_in)) {
    examine_uploads(visit);
    examine_contents(visit);
  }
  return std::move(visit.report);
}

}  // namespace moorgate::doctor
