#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace moorgate::net {

/// The client side of TLS 1.2/1.3: whom to trust and what to show. A server must always prove its
/// name (RFC 9525: subject alternative names only). Immutable; shared by all workers.
class TlsClientContext {
 public:
  struct Options {
    /// PEM file with the authorities to trust; empty: the system's.
    std::filesystem::path ca;
    /// PEM files with the certificate to show, and its key; both empty: none.
    std::filesystem::path certificate;
    std::filesystem::path key;
  };

  /// Reads the files (blocks: start-up and reload only). `bad_request` names the file.
  static Result<std::shared_ptr<const TlsClientContext>> load(const Options& options);
  ~TlsClientContext();
  TlsClientContext(const TlsClientContext&) = delete;
  TlsClientContext& operator=(const TlsClientContext&) = delete;

  /// For TlsStream: a new client session that accepts `host` (a DNS name or an IP address) only.
  /// The caller owns it.
  ssl_st* make_session(const std::string& host) const;

 private:
  explicit TlsClientContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

}  // namespace moorgate::net
