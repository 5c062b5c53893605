#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "response.hpp"
#include "target.hpp"

namespace load {

class Sha256;

/// One connection that blocks, for transfers: one thread each.
class Client {
 public:
  /// Connects and shakes hands.
  Client(const TlsClient& tls, const Target& target);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes);
  /// The next answer's head, valid until the next receive_head(). WrongAnswer unless its status is
  /// the one given.
  ResponseHead receive_head(int status);
  /// Reads that many bytes of the body and drops them, hashed if asked for.
  void drop_body(std::uint64_t length, Sha256* hasher = nullptr);
  /// The same for a client that costs next to nothing: TLS records are counted and not decrypted,
  /// plain bytes do not leave the kernel. The connection is of no further use.
  void count_body(std::uint64_t length);
  /// Nothing more has come and the server has not hung up.
  bool idle() const;

 private:
  std::size_t receive(char* into, std::size_t size);
  void count_records(std::uint64_t length);
  void count_bytes(std::uint64_t length);

  int fd_;
  TlsClient::Connection tls_;
  std::string buffer_;  ///< The head last received and what came with it.
  std::size_t used_ = 0;
};

class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  std::string finish();  ///< In hexadecimal.

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace load
