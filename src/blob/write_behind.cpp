#include "blob/write_behind.hpp"

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

namespace moorgate::blob {
namespace {

using Loop = boost::asio::io_context::executor_type;
using Resume = std::move_only_function<void()>;

struct Piece {
  UploadBuffers::Buffer buffer;
  std::size_t size = 0;
};

}  // namespace

struct WriteBehind::State {
  State(net::Blocking& pool_, std::shared_ptr<UploadFile> file_)
      : pool(pool_), file(std::move(file_)) {}

  /// Hands the first piece to the pool. False when that is full. The loop lives until it is done.
  static bool start(const std::shared_ptr<State>& self, const Loop& loop) {
    return self->pool.post(job(self, loop));
  }

  static std::move_only_function<void()> job(const std::shared_ptr<State>& self, const Loop& loop) {
    return [self, loop, guard = boost::asio::make_work_guard(loop)] {
      if (self->write_one(loop)) self->pool.post_rest(job(self, loop));
    };
  }

  /// True: there is more, which nobody else writes.
  bool write_one(const Loop& loop) {
    Piece piece;
    {
      const std::scoped_lock lock(mutex);
      piece = std::move(pieces.front());
    }
    auto written = file->write(piece.buffer.span().first(piece.size));
    piece.buffer.release();  // before anybody hears of the end
    const std::scoped_lock lock(mutex);
    pieces.pop_front();
    if (!written) {
      failed = std::move(written).error();
      pieces.clear();
    }
    if (waiter && pieces.size() <= enough) {
      boost::asio::post(loop, std::exchange(waiter, nullptr));
    }
    return !pieces.empty();
  }

  std::size_t left() {
    const std::scoped_lock lock(mutex);
    return pieces.size();
  }

  /// False, and nothing is kept: there are no more than `wanted` left anyway.
  bool keep_waiting(Resume& resume, std::size_t wanted) {
    const std::scoped_lock lock(mutex);
    if (pieces.size() <= wanted) return false;
    enough = wanted;
    waiter = std::move(resume);
    return true;
  }

  Result<> outcome() {
    const std::scoped_lock lock(mutex);
    if (auto error = std::exchange(failed, std::nullopt)) return failure(std::move(*error));
    return {};
  }

  net::Blocking& pool;
  const std::shared_ptr<UploadFile> file;
  std::mutex mutex;
  std::deque<Piece> pieces;  // the first is being written
  std::optional<Error> failed;
  Resume waiter;
  std::size_t enough = 0;
};

WriteBehind::WriteBehind(net::Blocking& pool, std::shared_ptr<UploadFile> file)
    : state_(std::make_shared<State>(pool, std::move(file))) {}

bool WriteBehind::running() const {
  return state_->left() > 0;
}

Task<Result<>> WriteBehind::add(UploadBuffers::Buffer buffer, std::size_t size) {
  const auto loop = co_await boost::asio::this_coro::executor;
  bool idle = false;
  {
    const std::scoped_lock lock(state_->mutex);
    if (auto error = std::exchange(state_->failed, std::nullopt)) {
      co_return failure(std::move(*error));
    }
    idle = state_->pieces.empty();
    state_->pieces.push_back({.buffer = std::move(buffer), .size = size});
  }
  if (!idle || State::start(state_, loop)) co_return Result<>{};
  const std::scoped_lock lock(state_->mutex);
  state_->pieces.clear();
  co_return failure(Code::unavailable, "the registry is busy; try again in a moment",
                    "blocking queue is full");
}

Task<Result<>> WriteBehind::wait(std::size_t pieces) {
  if (state_->left() > pieces) {
    const auto loop = co_await boost::asio::this_coro::executor;
    auto park = [this, loop, pieces](auto handler) {
      Resume resume = [h = std::move(handler)]() mutable { std::move(h)(); };
      if (!state_->keep_waiting(resume, pieces)) boost::asio::post(loop, std::move(resume));
    };
    co_await boost::asio::async_initiate<decltype(net::kAwait) const, void()>(park, net::kAwait);
  }
  co_return state_->outcome();
}

}  // namespace moorgate::blob
