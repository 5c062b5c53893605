#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>

#include "net/socket.hpp"
#include "net/tls_context.hpp"
#include "net/worker.hpp"

// OpenSSL over a BIO of ours instead of the socket: several records leave in one send and arrive
// in one receive, and the buffers for that are borrowed only while bytes are in them, so that an
// idle connection costs its SSL object and nothing else.

namespace moorgate::net {
namespace {

/// SSL_get_error looks at the thread's whole error queue; clearing an empty one is not free.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

constexpr std::size_t kRecord = 16 << 10;
/// Plain bytes that are encrypted before the socket sees any of them.
constexpr std::size_t kBatch = 8 * kRecord;

constexpr std::size_t kBatchesPerTurn = 8;

class TlsStream final : public Stream {
 public:
  TlsStream(Worker& worker, Blocking& blocking, AcceptedSocket accepted, const TlsContext& context)
      : worker_(worker),
        blocking_(blocking),
        socket_(worker, std::move(accepted)),
        ssl_(SSL_new(context.native()), &SSL_free) {
    BIO* bio = BIO_new(bio_method());
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_accept_state(ssl_.get());
  }

  Task<Result<>> handshake() override {
    auto named = co_await socket_.receive_proxy_header(worker_.small_buffers());
    if (!named) co_return named;
    while (true) {
      forget_errors();
      const int done = SSL_do_handshake(ssl_.get());
      const int reason = SSL_get_error(ssl_.get(), done);
      if (auto sent = co_await flush(); !sent) co_return sent;
      if (done == 1) co_return Result<>{};
      if (auto more = co_await next_input(reason); !more) co_return more;
    }
  }

  Task<Result<std::size_t>> read_some(std::span<char> into) override {
    while (true) {
      forget_errors();
      std::size_t total = 0;
      int got = 0;
      // Every record that has arrived, not just the first.
      while (total < into.size() &&
             (got = SSL_read(ssl_.get(), into.data() + total, clamp(into.size() - total))) > 0) {
        total += static_cast<std::size_t>(got);
      }
      if (total > 0) co_return total;
      // Asked now: after a wait the queue of errors may be another connection's.
      const int reason = SSL_get_error(ssl_.get(), got);
      if (auto sent = co_await flush(); !sent) co_return failure(std::move(sent).error());
      if (auto more = co_await next_input(reason); !more)
        co_return failure(std::move(more).error());
    }
  }

  bool has_buffered_input() const noexcept override {
    return SSL_has_pending(ssl_.get()) == 1 || in_begin_ != in_end_;
  }

  Task<Result<>> wait_readable() override { return socket_.wait_readable(); }

  Task<Result<>> write(std::string_view first, std::string_view second) override {
    if (first.size() + second.size() <= kRecord && !second.empty()) {
      auto joined = worker_.small_buffers().borrow();
      std::memcpy(joined.data(), first.data(), first.size());
      std::memcpy(joined.data() + first.size(), second.data(), second.size());
      if (auto done = encrypt({joined.data(), first.size() + second.size()}); !done) co_return done;
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

  Task<> shutdown_send() override {
    forget_errors();
    SSL_shutdown(ssl_.get());
    std::ignore = co_await flush();
    socket_.shutdown_send();
  }

  void interrupt_read() noexcept override { socket_.interrupt(); }
  void abort() noexcept override { socket_.abort(); }
  const Address& peer() const noexcept override { return socket_.peer(); }
  bool encrypted() const noexcept override { return true; }

 private:
  static int clamp(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, 1U << 30U));
  }

  /// Into the out buffer; nothing is sent yet.
  Result<> encrypt(std::string_view plain) {
    while (!plain.empty()) {
      forget_errors();
      const int taken = SSL_write(ssl_.get(), plain.data(), clamp(plain.size()));
      if (taken <= 0) return failure(Code::end_of_stream, "the TLS connection ended");
      plain.remove_prefix(static_cast<std::size_t>(taken));
    }
    return {};
  }

  Task<Result<>> flush() {
    if (out_end_ == 0) co_return Result<>{};
    auto sent = co_await socket_.send_all({out_.data(), out_end_});
    // Half a record on the wire: nothing sensible can follow it.
    if (!sent) socket_.abort();
    out_end_ = 0;
    out_.release();
    out_is_large_ = false;
    co_return sent;
  }

  /// After SSL said it wants input: waits for some.
  Task<Result<>> next_input(int reason) {
    if (reason != SSL_ERROR_WANT_READ) {
      co_return failure(Code::end_of_stream, "the TLS connection ended",
                        reason == SSL_ERROR_SSL ? tls_reason() : "closed");
    }
    if (!in_) {
      in_ = (bulk_ ? worker_.large_buffers() : worker_.small_buffers()).borrow();
      in_begin_ = in_end_ = 0;
    }
    auto got = co_await socket_.receive(in_.span().subspan(in_end_));
    if (!got) {
      drop_empty_input();
      co_return failure(std::move(got).error());
    }
    in_end_ += *got;
    bulk_ = in_end_ == in_.size() || (bulk_ && in_end_ > in_.size() / 8);
    co_return Result<>{};
  }

  static std::string tls_reason() {
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    return reason != nullptr ? reason : "TLS error";
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

  /// Most answers are short; only bulk needs room for eight records.
  void grow_output() {
    auto large = worker_.large_buffers().borrow();
    std::memcpy(large.data(), out_.data(), out_end_);
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
  std::size_t out_end_ = 0;
  bool out_is_large_ = false;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

}  // namespace

std::unique_ptr<Stream> make_tls_stream(Worker& worker, Blocking& blocking, AcceptedSocket socket,
                                        const TlsContext& context) {
  return std::make_unique<TlsStream>(worker, blocking, std::move(socket), context);
}

}  // namespace moorgate::net
