#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"

struct ssl_ctx_st;

namespace moorgate::net {

/// A certificate chain and its private key, PEM.
struct KeyPair {
  std::string certificate;
  std::string key;
  /// For messages: where it came from.
  std::string origin;
};

/// What the operator wants to know of a loaded certificate.
struct CertificateFacts {
  std::string origin;
  std::vector<std::string> names;  ///< Subject alternative names, "*.example.com" included.
  std::string serial;              ///< Hex.
  std::int64_t expires = 0;        ///< Unix seconds.
};

/// The server side of TLS 1.2/1.3 with one or several certificates chosen by SNI. Immutable: a
/// reload makes a new one, connections keep theirs. Shared by all workers.
class TlsContext {
 public:
  /// The first pair answers clients that name no host or an unknown one. Refuses (bad_request,
  /// naming the origin) what does not parse, a key that does not match, an expired leaf is only a
  /// fact. ALPN offers http/1.1.
  static Result<std::shared_ptr<const TlsContext>> make(const std::vector<KeyPair>& pairs);
  /// The same from files.
  struct Files {
    std::filesystem::path certificate;
    std::filesystem::path key;
  };
  static Result<std::shared_ptr<const TlsContext>> load(const std::vector<Files>& files);

  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// For SSL_new only.
  ssl_ctx_st* native() const noexcept;
  const std::vector<CertificateFacts>& certificates() const noexcept;

 private:
  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace moorgate::net
