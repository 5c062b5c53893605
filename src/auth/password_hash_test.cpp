#include "auth/password_hash.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace moorgate::auth {
namespace {

constexpr std::string_view kPassword = "pass w\xc3\xb6rd";

struct Known {
  Scheme scheme;
  std::string hash;
};

// Made by htpasswd 2.4, mkpasswd 5.5, openssl 3.0 and, for {SSHA…}, Python's hashlib.
const std::vector<Known>& known() {
  static const std::vector<Known> all = {
      {Scheme::bcrypt, "$2y$04$3QT4DqWVm/A6lH4iqJoMnuQohPCbuV8ziTbtnMo0bxAyUZZvuu4P."},
      {Scheme::bcrypt, "$2a$05$wSLprsLoywGiWf7zTuIrI.2hFZp6Q633.Mq3epCxZlUbRaRcVv4qC"},
      {Scheme::bcrypt, "$2b$05$ySoSUpcnq7lQys8lr0h3PuVmXhomYvtH9cjmYrlw.zA1bcqmQiS76"},
      {Scheme::apr1, "$apr1$8E4XXDeN$0PnnhoFhBeapzuAEqbwI9."},
      {Scheme::md5_crypt, "$1$abcdefgh$qpMmn7GbKJvZCGmRMyzvT0"},
      {Scheme::sha1, "{SHA}B/PcQHeAKywePq/ztWiCWf9lImE="},
      {Scheme::sha1, "{sha}B/PcQHeAKywePq/ztWiCWf9lImE="},
      {Scheme::salted_sha1, "{SSHA}iOnjQiswOOCIg6CbJsvF06rJKv1zYWx0c2FsdA=="},
      {Scheme::salted_sha256, "{SSHA256}SL0/ew7kiTIX3ZAOFw7UXRrkFfP0yiJa6ojGmZFM2RFzYWx0c2FsdA=="},
      {Scheme::salted_sha512,
       "{SSHA512}gozC1kAlGpfXHYRQ1mBPgHamcNdcX0FBV4NG7DpO4FPYPaojv4B3kPQm6KYlRsddouuyPefe71T9viThCY"
       "d763NhbHRzYWx0"},
      {Scheme::sha256_crypt, "$5$saltsalt$O3DgkgVdwEGnrAcDVtvaqYxWTBw0Sj38EpEpXegATXA"},
      {Scheme::sha512_crypt,
       "$6$saltsalt$J.H9QZDjpzl5MVWaDSQ2DkuaqqTAVM918ixk3DjS3bDVO."
       "oeFRjcxXcBQJ6F.JVcHMbcRKdZIFPSFAyI0kB0H."},
      {Scheme::sha512_crypt,
       "$6$rounds=1000$8MYUJu4OyevErXmo$Qp6bH8kMYc7IUPJEVdapMsAPV0B58RDwaxogJSIlUddBrZrlthhvXM/"
       "98MFMKx3SnpRtII.CGRH4bPqJvrrkS."},
      {Scheme::yescrypt,
       "$y$j75$So4eAaXSPYLrJprfdiWGh.$JUTUkLbrtee/az.fWXx8GSD1AfXjWgLqo9At7A.vV45"},
      {Scheme::gost_yescrypt,
       "$gy$j75$p6V.UBs0vP/a5QBpxNfyO1$7Vsnh3uUPEV00FdLct698lhRO9iluD3RTS871zSewO6"},
      {Scheme::scrypt,
       "$7$BU..../....6MGu/ztdN1Y31sNDM3hrU0$5/hj6bjvDATkDixZunMmWX9MVL6kiMqWtFYJ0aeAbV8"},
  };
  return all;
}

TEST(PasswordHash, OfOtherToolsIsUnderstood) {
  for (const auto& [scheme, hash] : known()) {
    const auto classified = classify(hash);
    ASSERT_TRUE(classified) << hash << ": " << classified.error().message;
    EXPECT_EQ(*classified, scheme) << hash;
    EXPECT_EQ(verify_password(hash, scheme, kPassword).value(), true) << hash;
  }
}

TEST(PasswordHash, RefusesEveryOtherPassword) {
  using namespace std::string_literals;
  const std::string wrong[] = {"",
                               "pass word",
                               std::string(kPassword) + " ",
                               std::string(kPassword) + "\0"s,
                               std::string(kPassword) + "\0x"s,
                               std::string(kPassword.substr(0, 8)),
                               std::string(512, 'x')};
  for (const auto& [scheme, hash] : known()) {
    for (const auto& password : wrong) {
      EXPECT_EQ(verify_password(hash, scheme, password).value(), false) << hash << " " << password;
    }
  }
}

TEST(PasswordHash, WithoutAMatchingPasswordKeepsSchemeAndCost) {
  for (const auto& [scheme, hash] : known()) {
    const auto decoy = unmatchable_like(hash, scheme);
    EXPECT_NE(decoy, hash);
    const auto classified = classify(decoy);
    ASSERT_TRUE(classified) << decoy;
    EXPECT_EQ(*classified, scheme);
    EXPECT_EQ(cost_of(decoy, scheme), cost_of(hash, scheme));
    EXPECT_EQ(verify_password(decoy, scheme, kPassword).value(), false) << decoy;
  }
}

TEST(PasswordHash, CostLeavesOutSaltAndDigest) {
  EXPECT_EQ(cost_of("$2a$10$saltsaltsaltsaltsaltsa", Scheme::bcrypt), "10");
  EXPECT_EQ(cost_of("$6$rounds=9000$salt$digest", Scheme::sha512_crypt), "rounds=9000$");
  EXPECT_EQ(cost_of("$6$salt$digest", Scheme::sha512_crypt), "");
  EXPECT_EQ(cost_of("$y$j9T$salt$digest", Scheme::yescrypt), "j9T");
  EXPECT_EQ(cost_of("$7$CU..../....salt$digest", Scheme::scrypt), "CU..../....");
  EXPECT_EQ(cost_of("$apr1$salt$digest", Scheme::apr1), "");
}

TEST(PasswordHash, ThatIsUnsafeOrUnknownIsRefusedByName) {
  const std::string a22(22, 'a');
  const std::string a43(43, 'a');
  const std::string a53(53, 'a');
  const std::string a86(86, 'a');
  const std::pair<std::string, const char*> cases[] = {
      {"", "no password hash"},
      {"*", "locked"},
      {"!" + a43, "locked"},
      {"$2x$10$" + a53, "faulty bcrypt"},
      {"$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA", "argon2"},
      {"G21ASs5tEVkdQ", "DES-crypt"},
      {"_J9..CCCCXBrJUJV154M", "extended DES-crypt"},
      {"{PLAIN}secret", "clear text"},
      {"{cleartext}secret", "clear text"},
      {"secret", "clear text"},
      {"secret with $ and {", "clear text"},
      {"$sha1$4$salt$digest", "\"$sha1$\""},
      {"{MD5}secret", "\"{MD5}\""},
      {"{CRYPT}$6$saltsalt$x", "\"{CRYPT}\""},
      {"$my long dollar password$", "clear text"},
      {"$", "clear text"},
      {"{", "clear text"},
      // Would take seconds, minutes or gigabytes for each login.
      {"$2y$17$" + a53, "cost 17"},
      {"$2y$31$" + a53, "cost 31"},
      {"$6$rounds=1000001$salt$" + a86, "1000000 rounds"},
      {"$5$rounds=999999999$salt$" + a43, "1000000 rounds"},
      {"$y$jCT$salt$" + a43, "64 MiB"},
      {"$y$jhT$salt$" + a43, "64 MiB"},
      {"$y$jBh$salt$" + a43, "64 MiB"},
      {"$gy$jFT$salt$" + a43, "64 MiB"},
      {"$7$DU..../....salt$" + a43, "64 MiB"},
      {"$7$zzzzzz/....salt$" + a43, "64 MiB"},
      {"$7$CU....z....salt$" + a43, "unusual"},
      {"$y$j9T//$salt$" + a43, "unusual"},
      {"$y$/9T$salt$" + a43, "unusual"},
      {"$y$jzT$salt$" + a43, "unusual"},
      {"$y$j9z$salt$" + a43, "unusual"},
      // Damaged.
      {"$2y$10$" + a53 + "a", "damaged bcrypt"},
      {"$2y$10$" + a53.substr(1), "damaged bcrypt"},
      {"$2y$03$" + a53, "damaged bcrypt"},
      {"$2y$1a$" + a53, "damaged bcrypt"},
      {"$2y$+9$" + a53, "damaged bcrypt"},
      {"$2y$10$" + a53.substr(1) + "-", "damaged bcrypt"},
      {"$2y$", "damaged bcrypt"},
      {"$apr1$saltsalts$" + a22, "damaged apr1"},
      {"$apr1$salt", "damaged apr1"},
      {"$1$salt$" + a43, "damaged MD5-crypt"},
      {"$6$rounds=0$salt$" + a86, "damaged SHA-512-crypt"},
      {"$6$rounds=05000$salt$" + a86, "damaged SHA-512-crypt"},
      {"$6$rounds=$salt$" + a86, "damaged SHA-512-crypt"},
      {"$6$rounds=5000", "damaged SHA-512-crypt"},
      {"$6$rounds=99999999999999999999$salt$" + a86, "damaged SHA-512-crypt"},
      {"$6$saltsaltsaltsalt1$" + a86, "damaged SHA-512-crypt"},
      {"$5$salt$" + a86, "damaged SHA-256-crypt"},
      {"$y$j9T$" + a43, "damaged yescrypt"},
      {"$y$", "damaged yescrypt"},
      {"$7$CU....", "damaged scrypt"},
      {"{SHA}", "damaged {SHA}"},
      {"{SHA}B/PcQHeAKywePq/ztWiCWf9lImF=", "damaged {SHA}"},
      {"{SHA}iOnjQiswOOCIg6CbJsvF06rJKv1zYWx0c2FsdA==", "damaged {SHA}"},
      {"{SSHA}B/PcQHeAKywePq/ztWiCWf9lImE=", "damaged {SSHA}"},
  };
  for (const auto& [hash, expected] : cases) {
    const auto classified = classify(hash);
    ASSERT_FALSE(classified) << hash;
    EXPECT_TRUE(classified.error().message.contains(expected))
        << hash << ": " << classified.error().message;
    EXPECT_FALSE(classified.error().message.contains("secret")) << classified.error().message;
  }
}

TEST(MakeBcrypt, MakesWhatVerifies) {
  const auto hash = make_bcrypt(kPassword, 4);
  ASSERT_TRUE(hash) << hash.error().message;
  EXPECT_TRUE(hash->starts_with("$2y$04$")) << *hash;
  EXPECT_EQ(classify(*hash), Scheme::bcrypt);
  EXPECT_EQ(verify_password(*hash, Scheme::bcrypt, kPassword).value(), true);
  EXPECT_NE(*hash, make_bcrypt(kPassword, 4).value()) << "the salt is random";
}

TEST(MakeBcrypt, RefusesWhatBcryptWouldCut) {
  using namespace std::string_literals;
  EXPECT_TRUE(make_bcrypt(std::string(72, 'x'), 4));
  const std::pair<std::string, int> refused[] = {
      {std::string(73, 'x'), 4}, {"", 4}, {"a\0b"s, 4}, {"x", 3}, {"x", 17}, {"x", -1}};
  for (const auto& [password, cost] : refused) EXPECT_FALSE(make_bcrypt(password, cost));
}

TEST(MakeBcrypt, AnEarlierHashOfALongPasswordStillWorks) {
  const auto hash = make_bcrypt(std::string(72, 'x'), 4).value();
  EXPECT_EQ(verify_password(hash, Scheme::bcrypt, std::string(80, 'x')).value(), true);
}

}  // namespace
}  // namespace moorgate::auth
