#include "auth/challenge.hpp"

namespace moorgate::auth {

std::string basic_challenge(std::string_view realm) {
  std::string out = "Basic realm=\"";
  for (const char c : realm) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) continue;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\", charset=\"UTF-8\"";
}

}  // namespace moorgate::auth
