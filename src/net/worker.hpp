#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "net/buffer_pool.hpp"
#include "net/deadline.hpp"

namespace moorgate::net {

/// One thread with one event loop. Connections are handed to a worker and never leave it, so what
/// belongs to a worker (pools, caches, connections) needs no lock.
class Worker {
 public:
  explicit Worker(std::size_t index);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  std::size_t index() const noexcept { return index_; }
  boost::asio::io_context& context() noexcept { return context_; }
  Watchdog& watchdog() noexcept { return watchdog_; }
  /// 32 KiB: request heads and the input of quiet TLS connections.
  BufferPool& small_buffers() noexcept { return small_buffers_; }
  /// 144 KiB: a batch of TLS records with their overhead, or 128 KiB of file.
  BufferPool& large_buffers() noexcept { return large_buffers_; }
  /// "Sun, 06 Nov 1994 08:49:37 GMT", at most a tick old.
  std::string_view http_date() const noexcept { return http_date_; }

  /// Runs `work` on this worker's loop. Any thread.
  void post(std::function<void()> work);
  /// Runs `work` on this worker's loop several times a second, after start(). Before start() only.
  void on_tick(std::function<void()> work) { ticks_.push_back(std::move(work)); }

  void start();
  /// Lets the loop end once `stop` is reached; joins. Called from another thread.
  void stop();

  /// Connections it holds, for an even share of the next ones.
  std::atomic<std::size_t> connections{0};

 private:
  class Ticker;
  void tick();

  const std::size_t index_;
  Watchdog watchdog_;
  BufferPool small_buffers_{32 << 10, 64};
  BufferPool large_buffers_{144 << 10, 48};
  // After what suspended connections give back when the context ends.
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::string http_date_;
  std::int64_t http_date_second_ = 0;
  std::vector<std::function<void()>> ticks_;
  std::unique_ptr<Ticker> ticker_;
  std::thread thread_;
};

}  // namespace moorgate::net
