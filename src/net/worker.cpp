#include "net/worker.hpp"

#include <pthread.h>

#include <array>
#include <chrono>
#include <ctime>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace moorgate::net {

namespace {
constexpr std::chrono::milliseconds kTick{250};
}

class Worker::Ticker {
 public:
  explicit Ticker(Worker& worker) : worker_(worker), timer_(worker.context_) {}

  void arm() {
    timer_.expires_after(kTick);
    timer_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      worker_.tick();
      arm();
    });
  }

 private:
  Worker& worker_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      timer_;
};

Worker::Worker(std::size_t index) : index_(index), guard_(context_.get_executor()) {
  ticker_ = std::make_unique<Ticker>(*this);
  tick();
}

Worker::~Worker() {
  stop();
}

void Worker::post(std::function<void()> work) {
  boost::asio::post(context_, std::move(work));
}

void Worker::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), ("worker-" + std::to_string(index_)).c_str());
    ticker_->arm();
    context_.run();
  });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  context_.stop();
  thread_.join();
}

void Worker::tick() {
  watchdog_.check();
  const std::time_t now = std::time(nullptr);
  if (now != http_date_second_) {
    http_date_second_ = now;
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 40> text{};
    const std::size_t length =
        std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    http_date_.assign(text.data(), length);
    small_buffers_.trim();
    large_buffers_.trim();
  }
  for (const auto& work : ticks_) work();
}

}  // namespace moorgate::net
