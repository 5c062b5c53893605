#include "upstream/origin.hpp"

#include <utility>

#include "base/text.hpp"
#include "net/tls_client_context.hpp"

namespace moorgate::upstream {

Origin::Origin(UpstreamConfig config, Tls tls, Tls token_tls)
    : config_(std::move(config)),
      tls_(std::move(tls)),
      token_tls_(std::move(token_tls)),
      health_(config_.url.text()) {
  if (config_.username.empty()) return;
  std::string pair = config_.username + ":";
  pair += config_.password.reveal();
  const Secret wiped(std::move(pair));
  basic_ = Secret("Basic " + to_base64(wiped.reveal()));
}

Result<std::shared_ptr<Origin>> Origin::open(UpstreamConfig config) {
  net::TlsClientContext::Options options;
  options.ca = config.ca;
  auto token_tls = net::TlsClientContext::load(options);
  if (!token_tls) return failure(std::move(token_tls).error());
  options.certificate = config.certificate;
  options.key = config.key;
  auto tls = net::TlsClientContext::load(options);
  if (!tls) return failure(std::move(tls).error());
  return std::shared_ptr<Origin>(
      new Origin(std::move(config), std::move(*tls), std::move(*token_tls)));
}

}  // namespace moorgate::upstream
