#include "net/pem.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <utility>

#include "base/file.hpp"

namespace moorgate::net {
namespace {

constexpr std::size_t kPemLimit = 1 << 20;

using BioPointer = std::unique_ptr<BIO, decltype(&BIO_free)>;
using X509Pointer = std::unique_ptr<X509, decltype(&X509_free)>;
using KeyPointer = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

/// No prompt for an encrypted key: it is refused with a message instead.
int refuse_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*unused*/) {
  return 0;
}

BioPointer view(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

Result<> use_certificates(SSL_CTX* context, const KeyPair& pair) {
  const BioPointer chain = view(pair.certificate);
  const X509Pointer leaf(PEM_read_bio_X509_AUX(chain.get(), nullptr, refuse_passphrase, nullptr),
                         &X509_free);
  if (!leaf) {
    return failure(bad_pair(pair, "no certificate in PEM form (" + openssl_reason() + ")"));
  }
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return failure(bad_pair(pair, openssl_reason()));
  }
  while (X509* next = PEM_read_bio_X509(chain.get(), nullptr, refuse_passphrase, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, next) != 1) {
      X509_free(next);
      return failure(bad_pair(pair, openssl_reason()));
    }
  }
  ERR_clear_error();
  return {};
}

}  // namespace

std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "unknown reason";
}

Error bad_pair(const KeyPair& pair, const std::string& why) {
  return {Code::bad_request, "TLS certificate " + pair.origin + ": " + why};
}

Result<> use_key_pair(SSL_CTX* context, const KeyPair& pair) {
  SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
  if (auto used = use_certificates(context, pair); !used) return used;
  const BioPointer key_text = view(pair.key);
  const KeyPointer key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, refuse_passphrase, nullptr),
                       &EVP_PKEY_free);
  if (!key) {
    return failure(bad_pair(pair, "its private key is not readable PEM, or needs a passphrase (" +
                                      openssl_reason() + ")"));
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return failure(bad_pair(pair, "the private key belongs to another certificate"));
  }
  return {};
}

Result<std::string> read_pem(const std::filesystem::path& path) {
  auto text = moorgate::read_file(path, kPemLimit);
  if (text) return text;
  return failure(Code::bad_request, "TLS: could not " + std::move(text).error().detail);
}

Result<KeyPair> load_key_pair(const std::filesystem::path& certificate,
                              const std::filesystem::path& key) {
  auto chain = read_pem(certificate);
  if (!chain) return failure(std::move(chain).error());
  auto key_text = read_pem(key);
  if (!key_text) return failure(std::move(key_text).error());
  return KeyPair{std::move(*chain), std::move(*key_text), certificate.string()};
}

}  // namespace moorgate::net
