#include "net/tls_context.hpp"

#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <strings.h>

#include <array>
#include <utility>

#include "net/pem.hpp"

namespace moorgate::net {
namespace {

// AES-128 first: equally safe for years to come and a fifth cheaper than AES-256 in bulk.
constexpr const char* kTls13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kTls12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr std::array<unsigned char, 9> kAlpn = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/// One set of ticket keys for the life of the process: a reload or another worker's context must
/// not make clients redo full handshakes.
const std::array<unsigned char, 80>& ticket_keys() {
  static const auto keys = [] {
    std::array<unsigned char, 80> fresh{};
    RAND_bytes(fresh.data(), fresh.size());
    return fresh;
  }();
  return keys;
}

int choose_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_length,
                const unsigned char* in, unsigned int in_length, void* /*unused*/) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, kAlpn.data(), kAlpn.size(), in, in_length) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

bool name_matches(std::string_view pattern, std::string_view host) {
  if (pattern.starts_with("*.")) {
    const std::size_t dot = host.find('.');
    if (dot == std::string_view::npos) return false;
    pattern.remove_prefix(1);
    host.remove_prefix(dot);
  }
  return pattern.size() == host.size() &&
         strncasecmp(pattern.data(), host.data(), host.size()) == 0;
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  auto* list = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type != GEN_DNS) continue;
    names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                       static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  GENERAL_NAMES_free(list);
  return names;
}

CertificateFacts facts_of(X509* certificate, std::string origin) {
  CertificateFacts facts;
  facts.origin = std::move(origin);
  facts.names = names_of(certificate);
  BIGNUM* serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  char* hex = BN_bn2hex(serial);
  facts.serial = hex;
  OPENSSL_free(hex);
  BN_free(serial);
  std::tm expires{};
  ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &expires);
  facts.expires = timegm(&expires);
  return facts;
}

Result<ContextPointer> make_context(const KeyPair& pair) {
  ContextPointer context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (!context) return failure(bad_pair(pair, openssl_reason()));
  SSL_CTX* raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_COMPRESSION |
                               SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_ciphersuites(raw, kTls13);
  SSL_CTX_set_cipher_list(raw, kTls12);
  SSL_CTX_set1_groups_list(raw, "X25519:P-256:P-384");
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 1);
  SSL_CTX_set_session_id_context(raw, reinterpret_cast<const unsigned char*>("moorgate"), 8);
  auto keys = ticket_keys();
  SSL_CTX_set_tlsext_ticket_keys(raw, keys.data(), keys.size());
  SSL_CTX_set_alpn_select_cb(raw, choose_alpn, nullptr);
  if (auto used = use_key_pair(raw, pair); !used) return failure(std::move(used).error());
  return context;
}

}  // namespace

struct TlsContext::Impl {
  std::vector<ContextPointer> contexts;
  std::vector<CertificateFacts> facts;

  static int choose_by_name(SSL* ssl, int* /*alert*/, void* argument) {
    const auto* self = static_cast<const Impl*>(argument);
    const char* host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (host == nullptr) return SSL_TLSEXT_ERR_NOACK;
    for (std::size_t i = 0; i < self->facts.size(); ++i) {
      for (const auto& name : self->facts[i].names) {
        if (!name_matches(name, host)) continue;
        if (i != 0) SSL_set_SSL_CTX(ssl, self->contexts[i].get());
        return SSL_TLSEXT_ERR_OK;
      }
    }
    return SSL_TLSEXT_ERR_NOACK;
  }
};

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

ssl_ctx_st* TlsContext::native() const noexcept {
  return impl_->contexts.front().get();
}
const std::vector<CertificateFacts>& TlsContext::certificates() const noexcept {
  return impl_->facts;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const std::vector<KeyPair>& pairs) {
  if (pairs.empty()) return failure(Code::bad_request, "TLS needs at least one certificate");
  auto impl = std::make_unique<Impl>();
  for (const auto& pair : pairs) {
    auto context = make_context(pair);
    if (!context) return failure(std::move(context).error());
    impl->facts.push_back(facts_of(SSL_CTX_get0_certificate(context->get()), pair.origin));
    impl->contexts.push_back(std::move(*context));
  }
  SSL_CTX_set_tlsext_servername_callback(impl->contexts.front().get(), &Impl::choose_by_name);
  SSL_CTX_set_tlsext_servername_arg(impl->contexts.front().get(), impl.get());
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(impl)));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const std::vector<Files>& files) {
  std::vector<KeyPair> pairs;
  for (const auto& [certificate_path, key_path] : files) {
    auto pair = load_key_pair(certificate_path, key_path);
    if (!pair) return failure(std::move(pair).error());
    pairs.push_back(std::move(*pair));
  }
  return make(pairs);
}

}  // namespace moorgate::net
