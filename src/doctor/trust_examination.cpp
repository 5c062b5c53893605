#include "doctor/checks_trust.hpp"
#include "doctor/visit.hpp"

namespace moorgate::doctor {
namespace {

void examine_headers(Visit& visit) {
  visit.doing("sending forged headers");
  const Url base = visit.order.door.at("/v2/");
  const std::string user = visit.order.account ? visit.order.account->user : "admin";
  for (const auto& header : identity_headers(user)) {
    if (!visit.has_time_for("forged headers were")) return;
    visit.add(check_spoofed_user(header, visit.ask_as_stranger("GET", base, {header})));
  }
  for (const auto& header : address_headers()) {
    if (!visit.has_time_for("forged addresses were")) return;
    visit.add(check_spoofed_address(header, visit.ask_as_stranger("GET", base, {header})));
  }
  visit.add(check_spoofed_host("GET /v2/", visit.ask_as_stranger("GET", base, host_headers())));
}

void examine_paths(Visit& visit) {
  visit.doing("spelling the path in other ways");
  for (const auto& spelling : catalog_spellings()) {
    if (!visit.has_time_for("spellings of the path were")) return;
    Answer answer = visit.ask_as_stranger("GET", visit.order.door.at(spelling));
    Findings found = check_path_bypass(spelling, answer);
    if (found.empty()) continue;
    visit.add(std::move(found));
    return;
  }
}

void examine_strangers(Visit& visit) {
  visit.doing("trying a made-up user, and an upload without a password");
  const Account nobody{"moorgate-doctor", Secret("no such password")};
  visit.add(check_any_password(visit.probe.ask({.method = "GET",
                                                .url = visit.order.door.at("/v2/"),
                                                .authorization = basic_authorization(nobody)})));
}

}  // namespace

void examine_trust(Visit& visit) {
  examine_headers(visit);
  if (!visit.late()) examine_paths(visit);
  if (!visit.late()) examine_strangers(visit);
}

}  // namespace moorgate::doctor
