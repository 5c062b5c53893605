#include "blob/file_upload.hpp"

#include <cassert>
#include <tuple>
#include <utility>

namespace moorgate::blob {
namespace {

/// Buffers of one upload that may wait to be written: enough that neither side waits whenever the
/// other's thread is off its processor for a moment.
constexpr std::size_t kAhead = 4;

}  // namespace

FileUpload::FileUpload(net::Blocking& blocking, std::shared_ptr<UploadBuffers> buffers,
                       std::shared_ptr<UploadFile> file)
    : blocking_(blocking),
      buffers_(std::move(buffers)),
      file_(std::move(file)),
      writes_(blocking, file_),
      written_(file_->size()) {}

FileUpload::~FileUpload() {
  // With a write under way, its end is when the next session may come.
  if (!writes_.running()) file_->leave();
}

std::span<char> FileUpload::buffer() {
  if (!buffer_) buffer_ = UploadBuffers::borrow(buffers_);
  return buffer_.span().subspan(used_);
}

Task<Result<>> FileUpload::filled(std::size_t size) {
  assert(size <= buffer_.span().size() - used_);
  used_ += size;
  if (used_ < UploadBuffers::kSize) co_return Result<>{};
  co_return co_await start_writing();
}

Task<Result<>> FileUpload::flush() {
  if (used_ > 0) {
    auto started = co_await start_writing();
    if (!started) co_return started;
  }
  buffer_.release();
  co_return co_await wait(0);
}

Task<Result<>> FileUpload::truncate(std::uint64_t offset) {
  // A failure has been answered for by dropping bytes, which is what is wanted here.
  std::ignore = co_await wait(0);
  if (offset >= this->offset()) co_return Result<>{};
  if (offset >= written_) {
    used_ = static_cast<std::size_t>(offset - written_);
    co_return Result<>{};
  }
  used_ = 0;
  auto cut = [file = file_, offset] { return file->truncate(offset); };
  auto done = co_await blocking_.run(std::move(cut));
  if (done) written_ = offset;
  co_return done;
}

Task<Result<std::uint64_t>> FileUpload::commit(oci::Digest expected) {
  auto settled = co_await wait(0);
  if (!settled) co_return failure(std::move(settled).error());
  const std::size_t rest = std::exchange(used_, 0);
  // The last write and the commit in one job: most blobs are small.
  auto first = [file = file_, buffer = std::move(buffer_), rest, expected]() -> Result<bool> {
    auto written = file->write(buffer.span().first(rest));
    if (!written) return failure(std::move(written).error());
    return file->commit(expected);
  };
  auto done = co_await blocking_.run(std::move(first));
  while (done && !*done) {
    auto next = [file = file_, expected] { return file->commit(expected); };
    done = co_await blocking_.run(std::move(next));
  }
  written_ = file_->size();
  if (!done) co_return failure(std::move(done).error());
  file_->leave();
  co_return written_;
}

/// Until so many pieces are left to write.
Task<Result<>> FileUpload::wait(std::size_t pieces) {
  auto done = co_await writes_.wait(pieces);
  if (!done) co_return failure(give_up_bytes(std::move(done).error()));
  co_return done;
}

Task<Result<>> FileUpload::start_writing() {
  auto ready = co_await wait(buffers_->scarce() ? 0 : kAhead - 1);
  if (ready && !writes_.running()) ready = co_await hash_rest();
  if (!ready) co_return ready;
  const std::size_t size = std::exchange(used_, 0);
  auto added = co_await writes_.add(std::move(buffer_), size);
  if (!added) co_return failure(give_up_bytes(std::move(added).error()));
  written_ += size;
  co_return Result<>{};
}

/// A resumed upload whose hash is lost: what is there has to be read before more is added.
Task<Result<>> FileUpload::hash_rest() {
  while (!file_->is_hashed()) {
    auto slice = [file = file_] { return file->hash_slice(); };
    auto hashed = co_await blocking_.run(std::move(slice));
    if (!hashed) co_return failure(give_up_bytes(std::move(hashed).error()));
  }
  co_return Result<>{};
}

/// What was received behind bytes that could not be written is of no use.
Error FileUpload::give_up_bytes(Error error) {
  used_ = 0;
  buffer_.release();
  written_ = file_->size();
  return error;
}

}  // namespace moorgate::blob
