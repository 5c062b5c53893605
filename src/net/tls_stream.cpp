#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>

#include "net/socket.hpp"
#include "net/tls_client_context.hpp"
#include "net/tls_context.hpp"
#include "net/worker.hpp"

// OpenSSL over a BIO of ours instead of the socket: several records leave in one send and arrive
// in one receive, and the buffers for that are borrowed only while bytes are in them, so that an
// idle connection costs its SSL object and nothing else.

namespace moorgate::net {
namespace {

constexpr std::size_t kRecord = 16 << 10;
/// Plain bytes that are encrypted before the socket sees any of them. The kernel sends packets of
/// 64 KiB at most: with eight records what TLS adds would be a third one of its own, for 176 bytes.
constexpr std::size_t kBatch = 6 * kRecord;

constexpr std::size_t kBatchesPerTurn = 8;

class TlsStream final : public Stream {
 public:
  /// Takes over `ssl`, whose side is chosen already.
  TlsStream(Worker& worker, Blocking& blocking, AcceptedSocket accepted, SSL* ssl)
      : worker_(worker),
        blocking_(blocking),
        socket_(worker, std::move(accepted)),
        ssl_(ssl, &SSL_free) {
    BIO* bio = BIO_new(bio_method());
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
  }

  Task<Result<>> handshake() override {
    auto named = co_await socket_.receive_proxy_header(worker_.small_buffers());
    if (!named) co_return named;
    while (true) {
      const int done = SSL_do_handshake(ssl_.get());
      const bool over = done != 1 && !wants_input();
      // Looked at now: after a wait the thread's errors may be another connection's.
      Error reason = over ? refused() : Error{};
      // In TLS 1.3 what a server says last is a session ticket, which may leave with the answer.
      const bool can_wait =
          done == 1 && SSL_is_server(ssl_.get()) == 1 && SSL_version(ssl_.get()) == TLS1_3_VERSION;
      if (out_end_ > 0 && !can_wait) {
        if (auto sent = co_await flush(); !sent) co_return sent;
      }
      if (done == 1) co_return Result<>{};
      if (over) co_return failure(std::move(reason));
      auto more = arrived(socket_.received(co_await socket_.receive(room_for_input())));
      if (!more) co_return more;
    }
  }

  Task<Result<std::size_t>> read_some(std::span<char> into) override {
    while (true) {
      // Without input SSL_read would only say so, at the price of a whole request.
      if (has_buffered_input() || peer_is_done()) {
        std::size_t total = 0;
        // Every record that has arrived, not just the first.
        do {
          const int got = SSL_read(ssl_.get(), into.data() + total, clamp(into.size() - total));
          if (got <= 0) break;
          total += static_cast<std::size_t>(got);
        } while (total < into.size() && has_buffered_input());
        if (total > 0) co_return total;
        if (!wants_input()) co_return failure(ended());
        // What OpenSSL answers by itself, as to a key update.
        if (out_end_ > 0) {
          if (auto sent = co_await flush(); !sent) co_return failure(std::move(sent).error());
        }
      }
      auto more = arrived(socket_.received(co_await socket_.receive(room_for_input())));
      if (!more) co_return failure(std::move(more).error());
    }
  }

  bool has_buffered_input() const noexcept override {
    return SSL_has_pending(ssl_.get()) == 1 || in_begin_ != in_end_;
  }

  Task<Result<>> wait_readable() override {
    return out_end_ > 0 ? flush_and_wait() : socket_.wait_readable();
  }

  Task<Result<>> write(std::string_view first, std::string_view second) override {
    if (first.size() + second.size() <= kRecord && !second.empty()) {
      auto joined = worker_.small_buffers().borrow();
      std::memcpy(joined.data(), first.data(), first.size());
      std::memcpy(joined.data() + first.size(), second.data(), second.size());
      if (auto done = encrypt({joined.data(), first.size() + second.size()}); !done) co_return done;
      joined.release();
      // Mostly without one more coroutine.
      auto sent = try_flush();
      if (!sent) co_return failure(std::move(sent).error());
      if (*sent) co_return Result<>{};
      co_return co_await flush();
    }
    for (std::string_view part : {first, second}) {
      while (!part.empty()) {
        const std::string_view batch = part.substr(0, kBatch - out_end_ / kRecord * kRecord);
        if (auto done = encrypt(batch); !done) co_return done;
        part.remove_prefix(batch.size());
        if (out_end_ >= kBatch) {
          if (auto sent = co_await flush(); !sent) co_return sent;
        }
      }
    }
    co_return co_await flush();
  }

  Task<Result<>> write_file(std::string_view head, int file, std::uint64_t offset,
                            std::uint64_t length, Deadline& deadline,
                            std::chrono::milliseconds patience) override {
    if (head.size() > kRecord) {
      if (auto sent = co_await write(head, {}); !sent) co_return sent;
      head = {};
    }
    for (std::size_t batches = 1; length > 0 || !head.empty(); ++batches) {
      // A peer that takes bytes as fast as they come must not keep the loop from all others.
      if (batches % kBatchesPerTurn == 0) co_await take_turns(worker_);
      {
        auto plain = worker_.large_buffers().borrow();
        std::ranges::copy(head, plain.data());
        const auto want =
            static_cast<std::size_t>(std::min<std::uint64_t>(kBatch - head.size(), length));
        auto got = co_await read_file(blocking_, file, offset, {plain.data() + head.size(), want});
        if (!got) co_return failure(std::move(got).error());
        if (*got < want) {
          co_return failure(Code::internal, "the blob is shorter than it was",
                            "read_file found the end");
        }
        if (!out_ && head.size() + want > kRecord) grow_output();
        if (auto done = encrypt({plain.data(), head.size() + want}); !done) co_return done;
        offset += want;
        length -= want;
        head = {};
      }
      if (auto sent = co_await flush(); !sent) co_return sent;
      deadline.set(patience);
    }
    co_return Result<>{};
  }

  Task<> say_end() override {
    // Who has closed does not listen any more, and would answer with a reset.
    if (peer_is_done() || socket_.ended()) co_return;
    if (SSL_shutdown(ssl_.get()) < 0) ERR_clear_error();
    if (out_end_ > 0) std::ignore = co_await flush();
  }

  Task<> shutdown_send() override {
    co_await say_end();
    socket_.shutdown_send();
  }

  void interrupt_read() noexcept override { socket_.interrupt(); }
  void stop_writing() noexcept override { socket_.stop_sending(); }
  bool ended_cleanly() const noexcept override { return peer_is_done(); }
  bool quiet() noexcept override { return !has_buffered_input() && socket_.quiet(); }
  bool peer_left() noexcept override { return socket_.peer_left(); }
  void abort() noexcept override { socket_.abort(); }
  const Address& peer() const noexcept override { return socket_.peer(); }
  bool encrypted() const noexcept override { return true; }

 private:
  static int clamp(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, 1U << 30U));
  }

  Task<Result<>> flush_and_wait() {
    if (auto sent = co_await flush(); !sent) co_return sent;
    co_return co_await socket_.wait_readable();
  }

  /// Into the out buffer; nothing is sent yet.
  Result<> encrypt(std::string_view plain) {
    while (!plain.empty()) {
      const int taken = SSL_write(ssl_.get(), plain.data(), clamp(plain.size()));
      if (taken <= 0) return failure(ended());
      plain.remove_prefix(static_cast<std::size_t>(taken));
    }
    return {};
  }

  /// What the socket takes of the out buffer at once; true if that is all of it.
  Result<bool> try_flush() {
    auto sent = socket_.try_send({out_.data() + out_begin_, out_end_ - out_begin_}, {}, false);
    if (sent) out_begin_ += *sent;
    // Half a record on the wire: nothing sensible can follow it.
    if (!sent && !socket_.sending_stopped()) socket_.abort();
    if (sent && out_begin_ < out_end_) return false;
    out_begin_ = out_end_ = 0;
    out_.release();
    out_is_large_ = false;
    if (!sent) return failure(std::move(sent).error());
    return true;
  }

  Task<Result<>> flush() {
    while (true) {
      auto done = try_flush();
      if (!done) co_return failure(std::move(done).error());
      if (*done) co_return Result<>{};
      if (auto ready = co_await socket_.wait_writable(); !ready) {
        if (!socket_.sending_stopped()) socket_.abort();
        co_return ready;
      }
    }
  }

  /// After a call of OpenSSL that did not succeed: more input would help. Unlike SSL_get_error it
  /// does not depend on what others have left in the thread's queue of errors.
  bool wants_input() const noexcept { return SSL_want_read(ssl_.get()); }
  bool peer_is_done() const noexcept {
    return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

  /// Why OpenSSL does not go on.
  Error ended() const {
    const char* reason = peer_is_done() ? "closed" : ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return {Code::end_of_stream, "the TLS connection ended",
            reason != nullptr ? reason : "TLS error"};
  }

  std::span<char> room_for_input() {
    if (!in_) {
      in_ = (bulk_ ? worker_.large_buffers() : worker_.small_buffers()).borrow();
      in_begin_ = in_end_ = 0;
    }
    return in_.span().subspan(in_end_);
  }

  Result<> arrived(Result<std::size_t> got) {
    if (!got) {
      drop_empty_input();
      return failure(std::move(got).error());
    }
    in_end_ += *got;
    bulk_ = in_end_ == in_.size() || (bulk_ && in_end_ > in_.size() / 8);
    return {};
  }

  /// Why there is no handshake; a client says what is wrong with the server's certificate.
  Error refused() const {
    Error error = ended();
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (verdict != X509_V_OK && SSL_is_server(ssl_.get()) == 0) {
      error.detail =
          std::string("its certificate is refused: ") + X509_verify_cert_error_string(verdict);
    }
    return error;
  }

  void drop_empty_input() noexcept {
    if (in_begin_ != in_end_) return;
    in_begin_ = in_end_ = 0;
    in_.release();
  }

  int take_input(char* into, std::size_t size) noexcept {
    const std::size_t count = std::min(size, in_end_ - in_begin_);
    if (count == 0) return 0;
    std::memcpy(into, in_.data() + in_begin_, count);
    in_begin_ += count;
    drop_empty_input();
    return static_cast<int>(count);
  }

  /// Most answers are short; only bulk needs room for a batch.
  void grow_output() {
    auto large = worker_.large_buffers().borrow();
    if (out_end_ > 0) std::memcpy(large.data(), out_.data(), out_end_);
    out_ = std::move(large);
    out_is_large_ = true;
  }

  int put_output(const char* bytes, std::size_t size) {
    if (!out_) out_ = worker_.small_buffers().borrow();
    if (out_.size() - out_end_ < size && !out_is_large_) grow_output();
    if (out_.size() - out_end_ < size) return 0;
    std::memcpy(out_.data() + out_end_, bytes, size);
    out_end_ += size;
    return static_cast<int>(size);
  }

  // ---- the BIO
  static TlsStream* self(BIO* bio) { return static_cast<TlsStream*>(BIO_get_data(bio)); }

  static int bio_read(BIO* bio, char* into, int size) {
    BIO_clear_retry_flags(bio);
    const int count = self(bio)->take_input(into, static_cast<std::size_t>(size));
    if (count > 0) return count;
    BIO_set_retry_read(bio);
    return -1;
  }

  static int bio_write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const int count = self(bio)->put_output(bytes, static_cast<std::size_t>(size));
    return count > 0 ? count : -1;
  }

  static long bio_control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static BIO_METHOD* bio_method() {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "moorgate");
      BIO_meth_set_read(fresh, &TlsStream::bio_read);
      BIO_meth_set_write(fresh, &TlsStream::bio_write);
      BIO_meth_set_ctrl(fresh, &TlsStream::bio_control);
      return fresh;
    }();
    return method;
  }

  Worker& worker_;
  Blocking& blocking_;
  Socket socket_;
  BufferPool::Buffer in_;
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  /// The peer sends faster than small buffers hold.
  bool bulk_ = false;
  BufferPool::Buffer out_;
  std::size_t out_begin_ = 0;
  std::size_t out_end_ = 0;
  bool out_is_large_ = false;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

}  // namespace

std::unique_ptr<Stream> make_tls_stream(Worker& worker, Blocking& blocking, AcceptedSocket socket,
                                        const TlsContext& context) {
  SSL* ssl = SSL_new(context.native());
  SSL_set_accept_state(ssl);
  return std::make_unique<TlsStream>(worker, blocking, std::move(socket), ssl);
}

std::unique_ptr<Stream> make_tls_stream(Worker& worker, Blocking& blocking, AcceptedSocket socket,
                                        const TlsClientContext& context, const std::string& host) {
  return std::make_unique<TlsStream>(worker, blocking, std::move(socket),
                                     context.make_session(host));
}

}  // namespace moorgate::net
