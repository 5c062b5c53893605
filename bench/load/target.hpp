#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace load {

/// Whom the load is put on.
struct Target {
  std::string host = "127.0.0.1";  ///< An IPv4 address.
  std::uint16_t port = 0;
  bool tls = true;
};

/// An answer other than the one asked for, or none: it voids the measurement.
class WrongAnswer : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A connected socket with TCP_NODELAY; a non-blocking one may still be connecting.
int connect_to(const Target& target, bool blocking);

/// Raises the number of files this process may have open as far as it goes.
void raise_file_limit();

/// What every TLS connection of a run shares. Only AES-128-GCM is offered, so that all servers do
/// the same cryptographic work whatever they prefer; certificates are taken as they are.
class TlsClient {
 public:
  enum class Reading { records, ahead };

  /// With Reading::ahead one receive takes all that has come, which suits small answers; with
  /// Reading::records the socket never stands in the middle of a record.
  explicit TlsClient(Reading reading);

  using Connection = std::unique_ptr<SSL, decltype(&SSL_free)>;
  /// Client side of TLS on a connected socket; the handshake is the caller's.
  Connection connect(int socket) const;

  /// From now on each connection resumes the latest session that a server has given out.
  void resume_sessions();

 private:
  using Session = std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)>;

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  Session latest_;
};

}  // namespace load
