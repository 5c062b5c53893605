#include "auth/credentials.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace moorgate::auth {
namespace {

std::unexpected<Error> malformed(std::string why) {
  return failure(Code::unauthorized, "malformed Authorization header: " + std::move(why));
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

Result<Credentials> split(std::string_view pair) {
  const auto colon = pair.find(':');
  if (colon == std::string_view::npos) return malformed("no colon between user and password");
  const auto user = pair.substr(0, colon);
  const auto password = pair.substr(colon + 1);
  if (user.empty() && password.empty()) return Credentials();
  if (user.empty()) return malformed("a password without a user name");
  if (user.size() > Credentials::kMaxUser) return malformed("the user name is too long");
  if (std::ranges::any_of(user, is_control)) {
    return malformed("a control character in the user name");
  }
  if (password.contains('\0')) return malformed("a NUL in the password");
  if (password.empty()) return failure(Code::unauthorized, "the password is empty");
  return Credentials(std::string(user), Secret(std::string(password)));
}

}  // namespace

Result<Credentials> Credentials::parse(std::string_view authorization) {
  if (authorization.empty()) return Credentials();
  if (authorization.size() > kMaxHeader) return malformed("it is too long");
  const auto space = authorization.find(' ');
  const auto scheme = authorization.substr(0, space);
  if (!equals_ignoring_case(scheme, "basic")) {
    return failure(Code::unauthorized,
                   "this registry takes user name and password (Basic), not what was sent",
                   "scheme " + moorgate::quoted(scheme, 32));
  }
  if (space == std::string_view::npos) return malformed("nothing follows the scheme");
  auto decoded = from_base64(trim(authorization.substr(space)));
  if (!decoded) return malformed("not base64");
  const Secret pair(*std::move(decoded));
  return split(pair.reveal());
}

}  // namespace moorgate::auth
