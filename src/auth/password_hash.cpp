#include "auth/password_hash.hpp"

#include <apr_md5.h>
#include <apr_sha1.h>
#include <crypt.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <ranges>
#include <utility>

#include "base/secret.hpp"
#include "base/text.hpp"
#include "crypto/hmac.hpp"
#include "crypto/sha2.hpp"

namespace moorgate::auth {
namespace {

// Above these a single login takes seconds or more memory than a whole registry should.
constexpr int kMinBcryptCost = 4;
constexpr int kMaxBcryptCost = 16;
constexpr std::uint32_t kMinShaRounds = 1000;
constexpr std::uint32_t kMaxShaRounds = 1'000'000;
constexpr std::uint64_t kMaxScryptBytes = std::uint64_t{64} << 20U;
constexpr std::uint32_t kMaxScryptLanes = 4;

constexpr std::string_view kCryptAlphabet =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

struct Named {
  Scheme scheme;
  std::string_view prefix;
  std::string_view name;
};
constexpr std::array kSchemes = {
    Named{Scheme::bcrypt, "$2y$", "bcrypt"},
    Named{Scheme::apr1, "$apr1$", "apr1"},
    Named{Scheme::md5_crypt, "$1$", "MD5-crypt"},
    Named{Scheme::sha1, "{SHA}", "{SHA}"},
    Named{Scheme::salted_sha1, "{SSHA}", "{SSHA}"},
    Named{Scheme::salted_sha256, "{SSHA256}", "{SSHA256}"},
    Named{Scheme::salted_sha512, "{SSHA512}", "{SSHA512}"},
    Named{Scheme::sha256_crypt, "$5$", "SHA-256-crypt"},
    Named{Scheme::sha512_crypt, "$6$", "SHA-512-crypt"},
    Named{Scheme::yescrypt, "$y$", "yescrypt"},
    Named{Scheme::gost_yescrypt, "$gy$", "gost-yescrypt"},
    Named{Scheme::scrypt, "$7$", "scrypt"},
};

const Named& named(Scheme scheme) {
  return *std::ranges::find(kSchemes, scheme, &Named::scheme);
}

std::string_view after_prefix(std::string_view hash, Scheme scheme) {
  return hash.substr(named(scheme).prefix.size());
}

std::unexpected<Error> refuse(std::string_view what) {
  return failure(Code::unsupported,
                 std::string(what) + "; make a new hash with `moorgate htpasswd`");
}

std::unexpected<Error> refuse_malformed(Scheme scheme) {
  return refuse(std::string("a damaged ").append(to_string(scheme)).append(" hash"));
}

bool crypt_text(std::string_view text) {
  return text.find_first_not_of(kCryptAlphabet) == std::string_view::npos;
}

/// "salt$digest" behind the prefix and parameters.
bool salt_and_digest(std::string_view text, std::size_t max_salt, std::size_t digest) {
  const auto dollar = text.find('$');
  return dollar != std::string_view::npos && dollar <= max_salt &&
         crypt_text(text.substr(0, dollar)) && text.size() - dollar - 1 == digest &&
         crypt_text(text.substr(dollar + 1));
}

Result<> check_bcrypt(std::string_view hash) {
  if (hash.size() != 60 || hash[6] != '$' || !crypt_text(hash.substr(7))) {
    return refuse_malformed(Scheme::bcrypt);
  }
  const auto cost = parse_decimal<int>(hash.substr(4, 2));
  if (!cost || *cost < kMinBcryptCost) return refuse_malformed(Scheme::bcrypt);
  if (*cost > kMaxBcryptCost) {
    return refuse("a bcrypt hash of cost " + std::to_string(*cost) + " (at most " +
                  std::to_string(kMaxBcryptCost) + ", or one login stalls the others)");
  }
  return {};
}

Result<> check_md5(std::string_view hash, Scheme scheme) {
  if (!salt_and_digest(after_prefix(hash, scheme), 8, 22)) return refuse_malformed(scheme);
  return {};
}

constexpr std::string_view kRounds = "rounds=";

/// "rounds=5000$", or empty.
std::string_view rounds_part(std::string_view after_prefix) {
  if (!after_prefix.starts_with(kRounds)) return {};
  return after_prefix.substr(0, after_prefix.find('$') + 1);
}

Result<> check_sha_crypt(std::string_view hash, Scheme scheme, std::size_t digest) {
  const auto text = after_prefix(hash, scheme);
  const auto part = rounds_part(text);
  if (!part.empty()) {
    const auto digits = part.substr(kRounds.size(), part.size() - kRounds.size() - 1);
    const auto rounds = parse_decimal<std::uint32_t>(digits);
    if (!rounds || digits.front() == '0' || *rounds < kMinShaRounds) {
      return refuse_malformed(scheme);
    }
    if (*rounds > kMaxShaRounds) {
      return refuse("a " + std::string(to_string(scheme)) + " hash of more than " +
                    std::to_string(kMaxShaRounds) + " rounds (one login stalls the others)");
    }
  }
  if (!salt_and_digest(text.substr(part.size()), 16, digest)) return refuse_malformed(scheme);
  return {};
}

std::uint64_t crypt_number(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits | std::views::reverse) value = value << 6U | kCryptAlphabet.find(c);
  return value;
}

Result<> check_memory(Scheme scheme, std::uint64_t log2_n, std::uint64_t r) {
  if (log2_n < 1 || r < 1) return refuse_malformed(scheme);
  if (log2_n > 30 || r > kMaxScryptBytes || (r << log2_n) * 128 > kMaxScryptBytes) {
    return refuse("a " + std::string(to_string(scheme)) +
                  " hash that needs more than 64 MiB of memory for one login");
  }
  return {};
}

/// "j9T$salt$digest": flavour, N and r are one character each; more of them ask for parallel lanes
/// or a ROM, which no password tool writes.
Result<> check_yescrypt(std::string_view hash, Scheme scheme) {
  const auto text = after_prefix(hash, scheme);
  const auto dollar = text.find('$');
  if (dollar == std::string_view::npos || !crypt_text(text.substr(0, dollar)) ||
      !salt_and_digest(text.substr(dollar + 1), 86, 43)) {
    return refuse_malformed(scheme);
  }
  constexpr std::uint64_t kLargestInOneCharacter = 47;
  const auto n = crypt_number(text.substr(1, 1));
  const auto r = crypt_number(text.substr(2, 1));
  if (dollar != 3 || text[0] != 'j' || std::max(n, r) > kLargestInOneCharacter) {
    return refuse("a " + std::string(to_string(scheme)) + " hash with unusual parameters");
  }
  return check_memory(scheme, n + 1, r + 1);
}

constexpr std::size_t kScryptParameters = 11;  // N in one character, r and p in five each

Result<> check_scrypt(std::string_view hash) {
  const auto text = after_prefix(hash, Scheme::scrypt);
  if (text.size() < kScryptParameters || !crypt_text(text.substr(0, kScryptParameters)) ||
      !salt_and_digest(text.substr(kScryptParameters), 86, 43)) {
    return refuse_malformed(Scheme::scrypt);
  }
  const auto lanes = crypt_number(text.substr(6, 5));
  if (lanes < 1 || lanes > kMaxScryptLanes) {
    return refuse("an scrypt hash with unusual parameters");
  }
  return check_memory(Scheme::scrypt, crypt_number(text.substr(0, 1)),
                      crypt_number(text.substr(1, 5)));
}

std::size_t digest_size(Scheme scheme) {
  switch (scheme) {
    case Scheme::salted_sha256:
      return 32;
    case Scheme::salted_sha512:
      return 64;
    default:
      return APR_SHA1_DIGESTSIZE;
  }
}

constexpr std::size_t kMaxSalt = 64;

/// {SHA}, {SSHA…}: digest and salt.
Result<> check_base64(std::string_view hash, Scheme scheme) {
  const auto bytes = from_base64(after_prefix(hash, scheme));
  const std::size_t digest = digest_size(scheme);
  const bool salted = scheme != Scheme::sha1;
  if (!bytes || bytes->size() < digest + (salted ? 1 : 0) ||
      bytes->size() > digest + (salted ? kMaxSalt : 0)) {
    return refuse_malformed(scheme);
  }
  return {};
}

Result<> check_form(std::string_view hash, Scheme scheme) {
  switch (scheme) {
    case Scheme::bcrypt:
      return check_bcrypt(hash);
    case Scheme::apr1:
    case Scheme::md5_crypt:
      return check_md5(hash, scheme);
    case Scheme::sha1:
    case Scheme::salted_sha1:
    case Scheme::salted_sha256:
    case Scheme::salted_sha512:
      return check_base64(hash, scheme);
    case Scheme::sha256_crypt:
      return check_sha_crypt(hash, scheme, 43);
    case Scheme::sha512_crypt:
      return check_sha_crypt(hash, scheme, 86);
    case Scheme::yescrypt:
    case Scheme::gost_yescrypt:
      return check_yescrypt(hash, scheme);
    case Scheme::scrypt:
      return check_scrypt(hash);
  }
  return refuse("a hash of an unknown kind");
}

std::optional<Scheme> scheme_of(std::string_view hash) {
  if (hash.starts_with("$2a$") || hash.starts_with("$2b$")) return Scheme::bcrypt;
  for (const auto& known : kSchemes) {
    if (equals_ignoring_case(hash.substr(0, known.prefix.size()), known.prefix) &&
        (known.prefix.front() == '{' || hash.starts_with(known.prefix))) {
      return known.scheme;
    }
  }
  return std::nullopt;
}

/// The name between the marks, if it is short enough not to be part of a secret.
std::string foreign_name(std::string_view hash, char close) {
  const auto end = hash.find(close, 1);
  if (end == std::string_view::npos || end > 16) return "";
  return moorgate::quoted(hash.substr(0, end + 1));
}

std::unexpected<Error> refuse_unknown(std::string_view hash) {
  if (hash.empty()) return refuse("no password hash");
  if (hash.front() == '!' || hash.front() == '*') return refuse("a locked entry");
  if (hash.starts_with("$2x$")) return refuse("a $2x$ hash, made by a faulty bcrypt");
  if (hash.starts_with("$argon2")) return refuse("an argon2 hash, which is not supported yet");
  for (const std::string_view clear : {"{PLAIN}", "{CLEAR}", "{CLEARTEXT}"}) {
    if (equals_ignoring_case(hash.substr(0, clear.size()), clear)) {
      return refuse("a password in clear text");
    }
  }
  if (hash.front() == '$' || hash.front() == '{') {
    const auto name = foreign_name(hash, hash.front() == '$' ? '$' : '}');
    if (!name.empty()) return refuse("a hash of the unsupported kind " + name);
  }
  if (hash.size() == 13 && crypt_text(hash)) {
    return refuse("a DES-crypt hash (it looks at 8 characters only) or a password in clear text");
  }
  if (hash.size() == 20 && hash.front() == '_' && crypt_text(hash.substr(1))) {
    return refuse("an extended DES-crypt hash");
  }
  return refuse("a password in clear text or a hash of an unknown kind");
}

/// libxcrypt's working memory holds the password; wiped when done.
class CryptMemory {
 public:
  CryptMemory() : data_(std::make_unique<crypt_data>()) {}
  ~CryptMemory() { explicit_bzero(data_.get(), sizeof(crypt_data)); }
  CryptMemory(const CryptMemory&) = delete;
  CryptMemory& operator=(const CryptMemory&) = delete;

  /// nullptr with errno on failure.
  const char* hash(const Secret& password, const std::string& setting) {
    return crypt_rn(password.reveal().data(), setting.c_str(), data_.get(), sizeof(crypt_data));
  }

 private:
  std::unique_ptr<crypt_data> data_;
};

Result<bool> verify_crypt(const std::string& hash, const Secret& password) {
  CryptMemory memory;
  const char* computed = memory.hash(password, hash);
  if (computed == nullptr) {
    return failure(Code::internal, "the password could not be checked",
                   system_error(errno, "hash a password").detail);
  }
  return crypto::equal_in_constant_time(computed, hash);
}

bool verify_apr1(const std::string& hash, const Secret& password) {
  std::array<char, 120> computed{};
  apr_md5_encode(password.reveal().data(), hash.c_str(), computed.data(), computed.size());
  return crypto::equal_in_constant_time(computed.data(), hash);
}

std::string sha1(std::string_view password, std::string_view salt) {
  apr_sha1_ctx_t context;
  apr_sha1_init(&context);
  apr_sha1_update(&context, password.data(), static_cast<unsigned>(password.size()));
  apr_sha1_update(&context, salt.data(), static_cast<unsigned>(salt.size()));
  std::array<unsigned char, APR_SHA1_DIGESTSIZE> digest{};
  apr_sha1_final(digest.data(), &context);
  explicit_bzero(&context, sizeof context);
  return {digest.begin(), digest.end()};
}

template <class Sha>
std::string sha2(std::string_view password, std::string_view salt) {
  Sha sha;
  sha.update(password);
  sha.update(salt);
  const auto digest = sha.finish();
  return {digest.begin(), digest.end()};
}

std::string digest_of(Scheme scheme, std::string_view password, std::string_view salt) {
  switch (scheme) {
    case Scheme::salted_sha256:
      return sha2<crypto::Sha256>(password, salt);
    case Scheme::salted_sha512:
      return sha2<crypto::Sha512>(password, salt);
    default:
      return sha1(password, salt);
  }
}

bool verify_base64(std::string_view hash, Scheme scheme, const Secret& password) {
  const auto bytes = from_base64(after_prefix(hash, scheme));
  if (!bytes || bytes->size() < digest_size(scheme)) return false;
  const std::string_view stored(*bytes);
  const auto digest = stored.substr(0, digest_size(scheme));
  const auto salt = stored.substr(digest.size());
  return crypto::equal_in_constant_time(digest_of(scheme, password.reveal(), salt), digest);
}

}  // namespace

std::string_view to_string(Scheme scheme) noexcept {
  return named(scheme).name;
}

Result<Scheme> classify(std::string_view hash) {
  const auto scheme = scheme_of(hash);
  if (!scheme) return refuse_unknown(hash);
  auto form = check_form(hash, *scheme);
  if (!form) return failure(std::move(form).error());
  return *scheme;
}

std::string_view cost_of(std::string_view hash, Scheme scheme) {
  const auto text = after_prefix(hash, scheme);
  switch (scheme) {
    case Scheme::bcrypt:
      return text.substr(0, 2);
    case Scheme::sha256_crypt:
    case Scheme::sha512_crypt:
      return rounds_part(text);
    case Scheme::yescrypt:
    case Scheme::gost_yescrypt:
      return text.substr(0, text.find('$'));
    case Scheme::scrypt:
      return text.substr(0, kScryptParameters);
    default:
      return {};
  }
}

std::string unmatchable_like(std::string_view hash, Scheme scheme) {
  std::string out(hash);
  if (out.front() == '{') {
    auto bytes = from_base64(after_prefix(hash, scheme)).value_or("");
    std::fill_n(bytes.begin(), std::min(bytes.size(), digest_size(scheme)), '\0');
    return std::string(named(scheme).prefix) + to_base64(bytes);
  }
  constexpr std::size_t kBcryptSetting = 29;
  const auto digest = scheme == Scheme::bcrypt ? kBcryptSetting : out.rfind('$') + 1;
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(digest), out.end(), '.');
  return out;
}

Result<bool> verify_password(std::string_view hash, Scheme scheme, std::string_view password) {
  if (password.contains('\0') || password.size() > kMaxPassword) return false;
  const std::string stored(hash);
  const Secret tried{std::string(password)};
  switch (scheme) {
    case Scheme::apr1:
      return verify_apr1(stored, tried);
    case Scheme::sha1:
    case Scheme::salted_sha1:
    case Scheme::salted_sha256:
    case Scheme::salted_sha512:
      return verify_base64(stored, scheme, tried);
    default:
      return verify_crypt(stored, tried);
  }
}

Result<std::string> make_bcrypt(std::string_view password, int cost) {
  const auto refused = [](std::string message) {
    return failure(Code::bad_request, std::move(message));
  };
  if (password.empty()) return refused("the password is empty");
  if (password.contains('\0')) return refused("the password holds a NUL");
  if (password.size() > kBcryptMaxPassword) {
    return refused("the password has " + std::to_string(password.size()) +
                   " bytes; bcrypt would ignore all after the 72nd, so that a shorter one would "
                   "open the door, too");
  }
  if (cost < kMinBcryptCost || cost > kMaxBcryptCost) {
    return refused("the cost is not between " + std::to_string(kMinBcryptCost) + " and " +
                   std::to_string(kMaxBcryptCost));
  }
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  if (crypt_gensalt_rn("$2y$", static_cast<unsigned long>(cost), nullptr, 0, setting.data(),
                       setting.size()) == nullptr) {
    return failure(system_error(errno, "make a salt"));
  }
  CryptMemory memory;
  const char* hash = memory.hash(Secret(std::string(password)), setting.data());
  if (hash == nullptr) return failure(system_error(errno, "hash the password"));
  return std::string(hash);
}

}  // namespace moorgate::auth
