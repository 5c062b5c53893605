#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace moorgate::crypto {

/// SHA-2 with `Bytes` of output, while the input streams by. One thread at a time; throws
/// std::bad_alloc only.
template <std::size_t Bytes>
class Sha2 {
 public:
  using Output = std::array<char, Bytes>;

  Sha2();

  void update(std::string_view bytes);
  /// Of everything so far; the object then starts anew.
  Output finish();
  /// An independent copy of the state: to look at a hash without ending it.
  Sha2 clone() const;

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

extern template class Sha2<32>;
extern template class Sha2<64>;

using Sha256 = Sha2<32>;
using Sha512 = Sha2<64>;

Sha256::Output sha256(std::string_view bytes);
Sha512::Output sha512(std::string_view bytes);

/// The raw bytes as text, for to_hex and the like. Valid as long as `output`.
template <std::size_t Bytes>
std::string_view as_view(const std::array<char, Bytes>& output) noexcept {
  return {output.data(), output.size()};
}

}  // namespace moorgate::crypto
