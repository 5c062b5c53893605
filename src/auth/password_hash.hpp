#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

/// The formats of a password file's second column. Every function is thread-safe and pure; verify()
/// is slow on purpose and belongs on net::Blocking.
namespace moorgate::auth {

enum class Scheme : std::uint8_t {
  bcrypt,         // $2a$ $2b$ $2y$
  apr1,           // $apr1$
  md5_crypt,      // $1$
  sha1,           // {SHA}
  salted_sha1,    // {SSHA}
  salted_sha256,  // {SSHA256}
  salted_sha512,  // {SSHA512}
  sha256_crypt,   // $5$
  sha512_crypt,   // $6$
  yescrypt,       // $y$
  gost_yescrypt,  // $gy$
  scrypt,         // $7$
};

std::string_view to_string(Scheme scheme) noexcept;

/// bcrypt looks at no more than this many bytes of a password.
inline constexpr std::size_t kBcryptMaxPassword = 72;
inline constexpr int kBcryptDefaultCost = 10;
/// Longer ones never match: libxcrypt takes no more, and some schemes take longer with each byte.
inline constexpr std::size_t kMaxPassword = 511;

/// What kind of hash this is. An error, worded for the one who keeps the file, if it is malformed,
/// of a kind that is unknown or unsafe (DES, clear text), or so costly that one login could stall
/// the machine. The message never repeats the hash.
Result<Scheme> classify(std::string_view hash);

/// Hashes of equal work are equal in this: scheme and cost, without salt and digest.
std::string_view cost_of(std::string_view hash, Scheme scheme);

/// A hash of the same scheme and cost that no password matches.
std::string unmatchable_like(std::string_view hash, Scheme scheme);

/// Whether `password` is the one behind `hash`, which classify() has called `scheme`. A password
/// with a NUL or longer than kMaxPassword never is. `internal` if the algorithm cannot run
/// (memory).
Result<bool> verify_password(std::string_view hash, Scheme scheme, std::string_view password);

/// A fresh `$2y$` hash. Refuses an empty password, a NUL, more than kBcryptMaxPassword bytes and a
/// cost outside 4…16.
Result<std::string> make_bcrypt(std::string_view password, int cost = kBcryptDefaultCost);

}  // namespace moorgate::auth
