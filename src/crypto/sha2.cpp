#include "crypto/sha2.hpp"

#include <openssl/evp.h>

#include <new>

namespace moorgate::crypto {
namespace {

/// Fetched once: in OpenSSL 3 a look-up by name takes locks and costs more than a short hash.
template <std::size_t Bytes>
const EVP_MD* algorithm() {
  static EVP_MD* const fetched = EVP_MD_fetch(nullptr, Bytes == 32 ? "SHA256" : "SHA512", nullptr);
  return fetched;
}

template <std::size_t Bytes>
typename Sha2<Bytes>::Output one_shot(std::string_view bytes) {
  Sha2<Bytes> hash;
  hash.update(bytes);
  return hash.finish();
}

}  // namespace

template <std::size_t Bytes>
void Sha2<Bytes>::Free::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}

template <std::size_t Bytes>
Sha2<Bytes>::Sha2() : context_(EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex2(context_.get(), algorithm<Bytes>(), nullptr) != 1) {
    throw std::bad_alloc();
  }
}

template <std::size_t Bytes>
void Sha2<Bytes>::update(std::string_view bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

template <std::size_t Bytes>
typename Sha2<Bytes>::Output Sha2<Bytes>::finish() {
  Output output{};
  EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(output.data()), nullptr);
  EVP_DigestInit_ex2(context_.get(), algorithm<Bytes>(), nullptr);
  return output;
}

template <std::size_t Bytes>
Sha2<Bytes> Sha2<Bytes>::clone() const {
  Sha2 copy;
  if (EVP_MD_CTX_copy_ex(copy.context_.get(), context_.get()) != 1) throw std::bad_alloc();
  return copy;
}

template class Sha2<32>;
template class Sha2<64>;

Sha256::Output sha256(std::string_view bytes) {
  return one_shot<32>(bytes);
}
Sha512::Output sha512(std::string_view bytes) {
  return one_shot<64>(bytes);
}

}  // namespace moorgate::crypto
