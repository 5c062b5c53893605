#include "net/tls_client_context.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <new>
#include <utility>

#include "net/address.hpp"
#include "net/pem.hpp"

namespace moorgate::net {
namespace {

constexpr std::array<unsigned char, 9> kAlpn = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

Result<> trust(SSL_CTX* context, const std::filesystem::path& ca) {
  if (ca.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
    return failure(
        Code::bad_request,
        "TLS: the system's certificate authorities are not readable: " + openssl_reason());
  }
  // Read first: OpenSSL's own message does not tell a missing file from an empty one.
  if (auto text = read_pem(ca); !text) return failure(std::move(text).error());
  if (SSL_CTX_load_verify_file(context, ca.c_str()) == 1) return {};
  return failure(Code::bad_request, "TLS certificate authorities " + ca.string() +
                                        ": no certificate in PEM form (" + openssl_reason() + ")");
}

/// Names are matched as RFC 9525 says: no common name, no wildcard within a label.
void expect_host(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(
      parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool numeric = Address::from_ip(host, 0).has_value();
  const int set = numeric ? X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str())
                          : X509_VERIFY_PARAM_set1_host(parameters, host.data(), host.size());
  // Without the expectation any certificate would do.
  if (set != 1) throw std::bad_alloc();
  if (!numeric) SSL_set_tlsext_host_name(ssl, host.c_str());
}

}  // namespace

TlsClientContext::~TlsClientContext() {
  SSL_CTX_free(context_);
}

Result<std::shared_ptr<const TlsClientContext>> TlsClientContext::load(const Options& options) {
  ContextPointer context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (!context) return failure(Code::internal, "TLS cannot be set up", openssl_reason());
  SSL_CTX* raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_protos(raw, kAlpn.data(), kAlpn.size());
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  if (auto trusted = trust(raw, options.ca); !trusted) return failure(std::move(trusted).error());
  if (!options.certificate.empty()) {
    auto pair = load_key_pair(options.certificate, options.key);
    if (!pair) return failure(std::move(pair).error());
    if (auto used = use_key_pair(raw, *pair); !used) return failure(std::move(used).error());
  }
  return std::shared_ptr<const TlsClientContext>(new TlsClientContext(context.release()));
}

ssl_st* TlsClientContext::make_session(const std::string& host) const {
  std::unique_ptr<SSL, decltype(&SSL_free)> session(SSL_new(context_), &SSL_free);
  if (!session) throw std::bad_alloc();
  expect_host(session.get(), host);
  SSL_set_connect_state(session.get());
  return session.release();
}

}  // namespace moorgate::net
