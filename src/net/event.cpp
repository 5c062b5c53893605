#include "net/event.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/blocking.hpp"
#include "net/worker.hpp"

namespace moorgate::net {

struct Event::Impl {
  explicit Impl(Worker& worker) : timer(worker.context().get_executor()) {}
  using Clock = std::chrono::steady_clock;
  boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>,
                                    boost::asio::io_context::executor_type>
      timer;
  bool happened = false;
};

Event::Event(Worker& worker, std::chrono::milliseconds patience)
    : impl_(std::make_unique<Impl>(worker)) {
  if (patience == kForever) {
    impl_->timer.expires_at(Impl::Clock::time_point::max());
  } else {
    impl_->timer.expires_after(patience);
  }
}

Event::~Event() = default;

Task<bool> Event::wait() {
  if (impl_->happened) co_return true;
  std::ignore = co_await impl_->timer.async_wait(boost::asio::as_tuple(kAwait));
  co_return impl_->happened;
}

void Event::set() noexcept {
  impl_->happened = true;
  impl_->timer.cancel();
}

bool Event::is_set() const noexcept {
  return impl_->happened;
}

}  // namespace moorgate::net
