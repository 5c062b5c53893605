#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "base/error.hpp"
#include "base/task.hpp"
#include "net/blocking.hpp"

namespace moorgate::blob {

/// At most one piece of work on the pool, started now and waited for later. Loop-owned; may be
/// destroyed while the work runs.
class PoolJob {
 public:
  using Loop = boost::asio::io_context::executor_type;

  explicit PoolJob(net::Blocking& blocking) : blocking_(blocking) {}

  /// `loop` is the caller's, which the work keeps alive. Only after wait(). False: the pool is
  /// full and nothing was started.
  bool start(const Loop& loop, std::move_only_function<Result<>()> work) {
    auto state = std::make_shared<State>();
    auto job = [state, loop, guard = boost::asio::make_work_guard(loop),
                w = std::move(work)]() mutable {
      Result<> result = w();
      w = nullptr;  // before anybody hears of the end
      boost::asio::post(loop, [s = std::move(state), r = std::move(result),
                               g = std::move(guard)]() mutable { s->finish(std::move(r)); });
    };
    if (!blocking_.post(std::move(job))) return false;
    state_ = std::move(state);
    return true;
  }

  /// Its work, with all that it holds, has not ended yet.
  bool running() const noexcept { return state_ && !state_->done; }

  /// The result of what was started, once; success if nothing was.
  Task<Result<>> wait() {
    if (!state_) co_return Result<>{};
    const auto state = std::exchange(state_, nullptr);
    if (!state->done) {
      auto park = [state](auto handler) {
        state->waiter = [h = std::move(handler)]() mutable { std::move(h)(); };
      };
      co_await boost::asio::async_initiate<decltype(net::kAwait) const, void()>(park, net::kAwait);
    }
    co_return std::move(state->result);
  }

 private:
  // Touched on the loop only.
  struct State {
    bool done = false;
    Result<> result;
    std::move_only_function<void()> waiter;

    void finish(Result<> outcome) {
      done = true;
      result = std::move(outcome);
      if (auto wake = std::exchange(waiter, nullptr)) wake();
    }
  };

  net::Blocking& blocking_;
  std::shared_ptr<State> state_;
};

}  // namespace moorgate::blob
