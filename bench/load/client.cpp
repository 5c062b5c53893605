#include "client.hpp"

#include <openssl/evp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace load {
namespace {

constexpr std::size_t kReadSize = 256 << 10;

std::string system_text(const char* what) {
  return std::string(what) + ": " + std::strerror(errno);
}

/// What encryption adds to a record's plain bytes: nonce, tag and (TLS 1.3) the content type.
std::size_t record_overhead(const SSL* connection) {
  return SSL_version(connection) == TLS1_3_VERSION ? 17 : 24;
}

}  // namespace

Client::Client(const TlsClient& tls, const Target& target)
    : fd_(connect_to(target, true)), tls_(nullptr, &SSL_free) {
  if (!target.tls) return;
  tls_ = tls.connect(fd_);
  if (SSL_connect(tls_.get()) != 1) throw WrongAnswer("the TLS handshake failed");
}

Client::~Client() {
  tls_.reset();
  ::close(fd_);
}

void Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = 0;
    if (tls_) {
      sent = SSL_write(tls_.get(), bytes.data(),
                       static_cast<int>(std::min<std::size_t>(bytes.size(), 1U << 30U)));
    } else {
      sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    if (sent <= 0) throw WrongAnswer(system_text("the server hung up while it was sent to"));
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::size_t Client::receive(char* into, std::size_t size) {
  const ssize_t got =
      tls_ ? SSL_read(tls_.get(), into, static_cast<int>(size)) : ::recv(fd_, into, size, 0);
  if (got <= 0) throw WrongAnswer("the server hung up in the middle of an answer");
  return static_cast<std::size_t>(got);
}

ResponseHead Client::receive_head(int status) {
  buffer_.erase(0, used_);
  used_ = 0;
  while (true) {
    if (const auto head = parse_head(buffer_)) {
      used_ = head->size;
      if (head->status == status) return *head;
      throw WrongAnswer("status " + std::to_string(head->status) + " instead of " +
                        std::to_string(status) + ": " + buffer_.substr(0, 512));
    }
    std::array<char, 16 << 10> piece{};
    buffer_.append(piece.data(), receive(piece.data(), piece.size()));
  }
}

void Client::drop_body(std::uint64_t length, Sha256* hasher) {
  const std::size_t here = std::min<std::uint64_t>(length, buffer_.size() - used_);
  if (hasher != nullptr) hasher->update({buffer_.data() + used_, here});
  used_ += here;
  length -= here;
  if (length == 0) return;
  const std::size_t size = std::min<std::uint64_t>(length, kReadSize);
  const auto memory = std::make_unique_for_overwrite<char[]>(size);
  while (length > 0) {
    const std::size_t got = receive(memory.get(), std::min<std::uint64_t>(length, size));
    if (hasher != nullptr) hasher->update({memory.get(), got});
    length -= got;
  }
}

void Client::count_body(std::uint64_t length) {
  const std::size_t here = std::min<std::uint64_t>(length, buffer_.size() - used_);
  used_ += here;
  length -= here;
  if (tls_) {
    // The rest of a record that OpenSSL has begun to give out.
    while (length > 0 && SSL_pending(tls_.get()) > 0) {
      std::array<char, 16 << 10> piece{};
      length -= std::min<std::uint64_t>(length, receive(piece.data(), piece.size()));
    }
    count_records(length);
  } else {
    count_bytes(length);
  }
}

void Client::count_records(std::uint64_t length) {
  constexpr std::size_t kHeader = 5;
  const std::size_t overhead = record_overhead(tls_.get());
  std::vector<char> memory(kReadSize);
  std::size_t have = 0;  // bytes of an incomplete record header at the front
  std::size_t skip = 0;  // bytes of the current record that are still to come
  while (length > 0 || skip > 0) {
    const ssize_t got = ::recv(fd_, memory.data() + have, memory.size() - have, 0);
    if (got <= 0) throw WrongAnswer("the server hung up in the middle of an answer");
    std::string_view bytes(memory.data(), have + static_cast<std::size_t>(got));
    while (true) {
      const std::size_t gone = std::min(skip, bytes.size());
      bytes.remove_prefix(gone);
      skip -= gone;
      if (bytes.size() < kHeader) break;
      const auto high = static_cast<unsigned char>(bytes[3]);
      const auto low = static_cast<unsigned char>(bytes[4]);
      const std::size_t size = static_cast<std::size_t>(high) << 8U | low;
      if (bytes[0] != 23 || size < overhead || size - overhead > length) {
        throw WrongAnswer("a TLS record that does not belong to the body");
      }
      length -= size - overhead;
      skip = size;
      bytes.remove_prefix(kHeader);
    }
    have = bytes.size();
    std::memmove(memory.data(), bytes.data(), have);
  }
}

void Client::count_bytes(std::uint64_t length) {
  while (length > 0) {
    const std::size_t want = std::min<std::uint64_t>(length, 1U << 20U);
    const ssize_t got = ::recv(fd_, nullptr, want, MSG_TRUNC);
    if (got <= 0) throw WrongAnswer("the server hung up in the middle of an answer");
    length -= static_cast<std::uint64_t>(got);
  }
}

bool Client::idle() const {
  char byte = 0;
  return ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

Sha256::Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
  EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
}

void Sha256::update(std::string_view bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::finish() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::array<unsigned char, 32> raw{};
  EVP_DigestFinal_ex(context_.get(), raw.data(), nullptr);
  std::string hex;
  for (const unsigned char byte : raw) {
    hex += kDigits[byte >> 4U];
    hex += kDigits[byte & 15U];
  }
  return hex;
}

}  // namespace load
