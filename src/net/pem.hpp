#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "net/tls_context.hpp"

/// What the server's and the client's TLS context share. Internal to net.
namespace moorgate::net {

using ContextPointer = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

/// Takes the oldest error off the thread's queue and forgets the others.
std::string openssl_reason();

/// "TLS certificate ORIGIN: WHY"
Error bad_pair(const KeyPair& pair, const std::string& why);

/// Certificate, chain and key into `context`. bad_request, naming the origin, for what does not
/// parse, an encrypted key (there is no prompt) and a key of another certificate.
Result<> use_key_pair(SSL_CTX* context, const KeyPair& pair);

/// The text of a PEM file of at most 1 MiB.
Result<std::string> read_pem(const std::filesystem::path& path);
Result<KeyPair> load_key_pair(const std::filesystem::path& certificate,
                              const std::filesystem::path& key);

}  // namespace moorgate::net
