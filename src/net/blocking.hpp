#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/error.hpp"
#include "base/task.hpp"

namespace moorgate::net {

inline constexpr boost::asio::use_awaitable_t<boost::asio::io_context::executor_type> kAwait{};

/// The one door through which blocking work (bcrypt, SQL, cold reads, writes) leaves a worker's
/// loop: a fixed set of threads and a bounded queue. Any thread may call.
class Blocking {
 public:
  /// `name` labels the threads (15 characters at most). `niceness` (nice(2)) is how far
  /// they stand back behind the other threads of the process.
  Blocking(const std::string& name, std::size_t threads, std::size_t queue_limit, int niceness = 0);
  /// As finish().
  ~Blocking();
  Blocking(const Blocking&) = delete;
  Blocking& operator=(const Blocking&) = delete;

  /// Runs `work` (returning a Result, never throwing) on a pool thread and answers on the caller's
  /// loop. `unavailable` when the queue is full. What `work` refers to must outlive the await.
  template <class Work>
  Task<std::invoke_result_t<Work>> run(Work work) {
    using R = std::invoke_result_t<Work>;
    auto start = [this](auto handler, Work job) {
      auto loop = boost::asio::get_associated_executor(handler);
      auto guard = boost::asio::make_work_guard(loop);
      auto finish = [h = std::move(handler), loop, hold = std::move(guard)](R result) mutable {
        boost::asio::dispatch(loop, [h = std::move(h), r = std::move(result)]() mutable {
          std::move(h)(std::move(r));
        });
      };
      submit([w = std::move(job), f = std::move(finish)](bool accepted) mutable {
        if (accepted) {
          f(w());
        } else {
          f(R(failure(Code::unavailable, "the registry is busy; try again in a moment",
                      "blocking queue is full")));
        }
      });
    };
    co_return co_await boost::asio::async_initiate<decltype(kAwait) const, void(R)>(
        start, kAwait, std::move(work));
  }

  /// Without waiting for it and without a result; dropped (and false) when the queue is full.
  bool post(std::move_only_function<void()> work);

  /// For a job on one of the threads that has more to do: lets all that is queued go first. Never
  /// refused, so that the queue may be longer than its limit by as many as there are threads.
  void post_rest(std::move_only_function<void()> work);

  /// Finishes what is queued and ends the threads; later work is refused as `unavailable`.
  void finish();

  std::size_t queued() const;

 private:
  void submit(std::move_only_function<void(bool accepted)> job);
  void work(int niceness);

  const std::size_t queue_limit_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::move_only_function<void(bool)>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace moorgate::net
