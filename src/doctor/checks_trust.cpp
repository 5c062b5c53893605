#include "doctor/checks_trust.hpp"

namespace moorgate::doctor {

std::vector<Header> identity_headers(const std::string& user) {
  return {{"X-Forwarded-User", user},  {"X-Remote-User", user},
          {"Remote-User", user},       {"X-Auth-Request-User", user},
          {"X-WEBAUTH-USER", user},    {"X-Forwarded-Preferred-Username", user},
          {"X-Forwarded-Email", user}, {"X-Authenticated-User", user}};
}

std::vector<Header> address_headers() {
  return {{"X-Forwarded-For", "127.0.0.1"},
          {"X-Forwarded-For", "10.0.0.1"},
          {"X-Real-IP", "127.0.0.1"},
          {"X-Real-IP", "10.0.0.1"},
          {"Forwarded", "for=127.0.0.1"}};
}

std::vector<Header> host_headers() {
  const std::string host(kForgedHost);
  return {{"X-Forwarded-Host", host}, {"Forwarded", "host=" + host + ";proto=http"}};
}

const std::vector<std::string>& catalog_spellings() {
  static const std::vector<std::string> spellings = {
      "//v2/_catalog",     "/v2//_catalog",    "/./v2/_catalog",
      "/x/../v2/_catalog", "/%76%32/_catalog", "/x/%2e%2e/v2/_catalog",
      "/V2/_catalog",      "/v2/_catalog/",    "/v2%2f_catalog"};
  return spellings;
}

Findings check_spoofed_user(const Header& header, const Answer& forged) {
  if (!forged.is(200)) return {};
  return {{Ailment::spoofed_user, "GET /v2/ without a password is 401, and 200 with " +
                                      header.name + ": " + header.value}};
}

Findings check_spoofed_address(const Header& header, const Answer& forged) {
  if (!forged.is(200)) return {};
  return {{Ailment::spoofed_address, "GET /v2/ without a password is 401, and 200 with " +
                                         header.name + ": " + header.value}};
}

Findings check_spoofed_host(std::string_view asked, const Answer& forged) {
  if (!forged.answered()) return {};
  for (const char* name : {"Location", "WWW-Authenticate"}) {
    if (forged.header(name).contains(kForgedHost)) {
      return {{Ailment::spoofed_host, std::string(asked) + " with X-Forwarded-Host: " +
                                          std::string(kForgedHost) + ": it comes back in " + name}};
    }
  }
  return {};
}

Findings check_path_bypass(std::string_view spelling, const Answer& answer) {
  if (!answer.is(200) || !answer.body.contains("\"repositories\"")) return {};
  return {{Ailment::path_bypass, "GET /v2/ without a password is 401, but GET " +
                                     std::string(spelling) +
                                     " without a password lists the repositories"}};
}

Findings check_any_password(const Answer& answer) {
  if (!answer.is(200)) return {};
  return {{Ailment::any_password, "GET /v2/ with a made-up user and password: 200"}};
}

Findings check_password_unasked(const Answer& answer) {
  if (!answer.is(200)) return {};
  return {{Ailment::password_unasked, "GET /v2/ without a password: 200"}};
}

Findings check_open_push(const Answer& answer) {
  if (!answer.is(202)) return {};
  return {{Ailment::open_push, "POST of an upload session without a password: 202"}};
}

}  // namespace moorgate::doctor
