#pragma once

#include <string>
#include <string_view>

namespace moorgate::auth {

/// The value of WWW-Authenticate on a 401: exactly one challenge, since clients disagree about
/// what two of them mean. Control characters of the realm are dropped.
///
///   Basic realm="registry.example.com", charset="UTF-8"
std::string basic_challenge(std::string_view realm);

}  // namespace moorgate::auth
