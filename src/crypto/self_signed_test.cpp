#include "crypto/self_signed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <memory>
#include <string>

namespace moorgate::crypto {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Bio bio_of(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

Certificate certificate_of(const SelfSigned& made) {
  return {PEM_read_bio_X509(bio_of(made.certificate).get(), nullptr, nullptr, nullptr), &X509_free};
}

TEST(SelfSigned, IsValidForItsNamesOnly) {
  const auto made = make_self_signed({"registry.example.com", "localhost", "127.0.0.1", "::1"});
  const Certificate certificate = certificate_of(made);
  ASSERT_TRUE(certificate);
  X509* raw = certificate.get();
  EXPECT_EQ(X509_check_host(raw, "registry.example.com", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(raw, "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(raw, "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(raw, "::1", 0), 1);
  EXPECT_EQ(X509_check_host(raw, "example.com", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(raw, "127.0.0.2", 0), 0);
}

TEST(SelfSigned, IsAServersAndNoAuthoritys) {
  const auto made = make_self_signed({"localhost"});
  const Certificate certificate = certificate_of(made);
  X509* raw = certificate.get();
  EXPECT_EQ(X509_get_version(raw), X509_VERSION_3);
  EXPECT_EQ(X509_check_ca(raw), 0);
  EXPECT_EQ(X509_get_extended_key_usage(raw), static_cast<std::uint32_t>(XKU_SSL_SERVER));
  EXPECT_EQ(X509_check_purpose(raw, X509_PURPOSE_SSL_SERVER, 0), 1);
  int days = 0;
  int seconds = 0;
  ASSERT_EQ(ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(raw)), 1);
  EXPECT_THAT(days, testing::AllOf(testing::Ge(824), testing::Le(825)));
  EXPECT_LT(X509_cmp_current_time(X509_get0_notBefore(raw)), 0);
}

TEST(SelfSigned, SignsWithTheKeyItHandsOut) {
  const auto made = make_self_signed({"localhost"});
  const Certificate certificate = certificate_of(made);
  const Key key(PEM_read_bio_PrivateKey(bio_of(made.key).get(), nullptr, nullptr, nullptr),
                &EVP_PKEY_free);
  ASSERT_TRUE(key);
  EXPECT_EQ(EVP_PKEY_is_a(key.get(), "EC"), 1);
  EXPECT_EQ(EVP_PKEY_get_bits(key.get()), 256);
  EXPECT_EQ(X509_check_private_key(certificate.get(), key.get()), 1);
  EXPECT_EQ(X509_verify(certificate.get(), key.get()), 1);
}

TEST(SelfSigned, IsAnotherOneEachTime) {
  EXPECT_NE(make_self_signed({"localhost"}).key, make_self_signed({"localhost"}).key);
}

}  // namespace
}  // namespace moorgate::crypto
