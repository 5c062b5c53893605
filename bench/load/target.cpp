#include "target.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace load {

int connect_to(const Target& target, bool blocking) {
  const int kind = SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK);
  const int fd = ::socket(AF_INET, kind, 0);
  if (fd < 0) throw WrongAnswer(std::string("socket: ") + std::strerror(errno));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(target.port);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::inet_pton(AF_INET, target.host.c_str(), &address.sin_addr) != 1) {
    ::close(fd);
    throw WrongAnswer(target.host + " is not an IPv4 address");
  }
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    const std::string reason = std::strerror(errno);
    ::close(fd);
    throw WrongAnswer("connect: " + reason);
  }
  return fd;
}

void raise_file_limit() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

TlsClient::TlsClient(Reading reading)
    : context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free),
      latest_(nullptr, &SSL_SESSION_free) {
  SSL_CTX* const context = context_.get();
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
  SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES128-GCM-SHA256");
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_read_ahead(context, reading == Reading::ahead ? 1 : 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

TlsClient::Connection TlsClient::connect(int socket) const {
  Connection connection(SSL_new(context_.get()), &SSL_free);
  SSL_set_fd(connection.get(), socket);
  SSL_set_connect_state(connection.get());
  if (latest_) {
    // OpenSSL marks a session as used up on the object; others are to use it as well.
    const Session copy(SSL_SESSION_dup(latest_.get()), &SSL_SESSION_free);
    SSL_set_session(connection.get(), copy.get());
  }
  return connection;
}

void TlsClient::resume_sessions() {
  SSL_CTX_set_session_cache_mode(context_.get(),
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_set_app_data(context_.get(), this);
  SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* connection, SSL_SESSION* session) {
    auto* const self = static_cast<TlsClient*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
    self->latest_.reset(SSL_SESSION_dup(session));
    return 0;  // the reference stays OpenSSL's
  });
}

}  // namespace load
