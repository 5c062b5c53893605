#pragma once

#include <memory>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "upstream/upstream_config.hpp"
#include "upstream/upstream_health.hpp"

namespace moorgate::net {
class TlsClientContext;
}  // namespace moorgate::net

namespace moorgate::upstream {

/// What all workers share of one upstream: configuration, TLS contexts, health. Immutable but for
/// the health; any thread.
class Origin {
 public:
  /// Reads the certificate files (blocks: start-up and reload only). `bad_request` names the file.
  static Result<std::shared_ptr<Origin>> open(UpstreamConfig config);

  const UpstreamConfig& config() const noexcept { return config_; }
  UpstreamHealth& health() noexcept { return health_; }
  /// To the upstream, with our certificate.
  const std::shared_ptr<const net::TlsClientContext>& tls() const noexcept { return tls_; }
  /// To a token service, without.
  const std::shared_ptr<const net::TlsClientContext>& token_tls() const noexcept {
    return token_tls_;
  }
  /// "Basic …", or empty if there is no user.
  const Secret& basic() const noexcept { return basic_; }

 private:
  using Tls = std::shared_ptr<const net::TlsClientContext>;
  Origin(UpstreamConfig config, Tls tls, Tls token_tls);

  const UpstreamConfig config_;
  const Tls tls_;
  const Tls token_tls_;
  Secret basic_;
  UpstreamHealth health_;
};

}  // namespace moorgate::upstream
