#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "doctor/finding.hpp"
#include "doctor/http_probe.hpp"

/// Pure functions from answers to findings: whom and what the door believes.
namespace moorgate::doctor {

/// A host that can be nobody's (RFC 2606 §2), for forged headers.
inline constexpr std::string_view kForgedHost = "doctor.invalid";

/// Headers by which a proxy tells the registry who has signed in, with this user's name.
std::vector<Header> identity_headers(const std::string& user);
/// … and where the client is.
std::vector<Header> address_headers();
/// … and which host the client wrote.
std::vector<Header> host_headers();
/// Spellings of /v2/_catalog that only some of a chain of servers take for it.
const std::vector<std::string>& catalog_spellings();

/// `forged`: GET /v2/ without a password but with `header`; without the header it was a 401.
Findings check_spoofed_user(const Header& header, const Answer& forged);
Findings check_spoofed_address(const Header& header, const Answer& forged);
/// `asked` names a request with `host_headers`; its Location and challenge must not know them.
Findings check_spoofed_host(std::string_view asked, const Answer& forged);
/// GET of a spelling of the catalog without a password, where /v2/ is a 401.
Findings check_path_bypass(std::string_view spelling, const Answer& answer);
/// GET /v2/ with a made-up user.
Findings check_any_password(const Answer& answer);
/// GET /v2/ without a password, from somebody who has one.
Findings check_password_unasked(const Answer& answer);
/// POST of an upload session without a password.
Findings check_open_push(const Answer& answer);

}  // namespace moorgate::doctor
