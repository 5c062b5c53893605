#include "crypto/random.hpp"

#include <openssl/rand.h>

#include <stdexcept>
#include <string_view>

#include "base/text.hpp"

namespace moorgate::crypto {

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    throw std::runtime_error("the operating system gives no random numbers");
  }
  return bytes;
}

std::string random_uuid() {
  std::string bytes = random_bytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  std::string text = to_hex(bytes);
  for (const std::size_t dash : {8, 13, 18, 23}) text.insert(dash, 1, '-');
  return text;
}

std::string random_password() {
  constexpr std::string_view kLetters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
  // Bytes past the last whole multiple would make some letters likelier than others.
  constexpr unsigned kFair = 256 / kLetters.size() * kLetters.size();
  std::string password;
  while (password.size() < 20) {
    const auto byte = static_cast<unsigned char>(random_bytes(1).front());
    if (byte < kFair) password += kLetters[byte % kLetters.size()];
  }
  return password;
}

}  // namespace moorgate::crypto
