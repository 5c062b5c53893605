#include "http/client_upload.hpp"

#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "net/deadline.hpp"
#include "net/worker.hpp"

namespace moorgate::http {
namespace {

/// "1234567890abcdef\r\n" before a chunk and "\r\n" after it.
constexpr std::size_t kBefore = 18;
constexpr std::size_t kAfter = 2;

using Kind = ClientFailure::Kind;

}  // namespace

ClientUpload::ClientUpload(net::Worker& worker, net::Stream& stream, net::Deadline& deadline,
                           std::chrono::milliseconds patience,
                           std::chrono::milliseconds continue_wait)
    : worker_(worker),
      stream_(stream),
      deadline_(deadline),
      patience_(patience),
      continue_(worker, continue_wait),
      done_(worker, net::Event::kForever) {}

void ClientUpload::answered(ClientResult<> outcome) noexcept {
  outcome_ = std::move(outcome);
  continue_.set();
  done_.set();
  if (reading_ != nullptr) reading_->interrupt();
  if (writing_) stream_.stop_writing();
}

Task<ClientResult<>> ClientUpload::answer() {
  co_await done_.wait();
  co_return *outcome_;
}

Task<ClientResult<bool>> ClientUpload::send(BodySource& body, bool wait_for_continue) {
  if (wait_for_continue) co_await continue_.wait();
  if (outcome_) co_return false;
  co_return co_await send_pieces(body);
}

Task<ClientResult<bool>> ClientUpload::send_pieces(BodySource& body) {
  const auto length = body.length();
  auto buffer = worker_.small_buffers().borrow();
  std::uint64_t total = 0;
  while (!outcome_) {
    const std::span<char> frame = buffer.span();
    const std::span<char> room = frame.subspan(kBefore, frame.size() - kBefore - kAfter);
    auto got = co_await read_piece(body, room);
    if (outcome_) break;
    if (!got) {
      ClientFailure failed;
      failed.kind = Kind::body;
      failed.error = std::move(got).error();
      co_return client_failure(std::move(failed));
    }
    total += *got;
    if (length && (total > *length || (*got == 0 && total != *length))) {
      co_return client_failure(Kind::body, "a request body has not the length it announced");
    }
    if (*got == 0 && length) co_return true;
    if (auto sent = co_await write_piece(frame, *got, !length); !sent) {
      if (outcome_) break;
      co_return client_failure(Kind::broken, "the server took no more of a request body",
                               std::move(sent).error().detail);
    }
    if (*got == 0) co_return true;
    // Whoever fills small buffers gets a large one.
    if (*got == room.size()) buffer = worker_.large_buffers().borrow();
  }
  co_return false;
}

Task<Result<std::size_t>> ClientUpload::read_piece(BodySource& body, std::span<char> into) {
  reading_ = &body;
  auto got = co_await body.read_some(into);
  reading_ = nullptr;
  co_return got;
}

Task<Result<>> ClientUpload::write_piece(std::span<char> frame, std::size_t count, bool chunked) {
  if (!chunked) co_return co_await write({frame.data() + kBefore, count});
  if (count == 0) co_return co_await write("0\r\n\r\n");
  std::array<char, 16> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), count, 16);
  const auto size = static_cast<std::size_t>(end - digits.data());
  char* begin = frame.data() + kBefore - 2 - size;
  std::memcpy(begin, digits.data(), size);
  std::memcpy(frame.data() + kBefore - 2, "\r\n", 2);
  std::memcpy(frame.data() + kBefore + count, "\r\n", kAfter);
  co_return co_await write({begin, size + 2 + count + kAfter});
}

Task<Result<>> ClientUpload::write(std::string_view bytes) {
  writing_ = true;
  deadline_.set(patience_);
  auto sent = co_await stream_.write(bytes, {});
  deadline_.clear();
  writing_ = false;
  co_return sent;
}

}  // namespace moorgate::http
