#include "auth/shared_verifications.hpp"

#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

namespace moorgate::auth {

struct SharedVerifications::State {
  using Waiter = std::move_only_function<void(Result<bool>)>;

  /// True if this is the first to wait for `key`, who has to see to it that land() is called.
  bool join(const CredentialKey& key, Waiter waiter) {
    const std::scoped_lock lock(mutex);
    auto [flight, first] = waiters.try_emplace(key);
    flight->second.push_back(std::move(waiter));
    return first;
  }

  void land(const CredentialKey& key, const Result<bool>& answer) {
    std::vector<Waiter> answered;
    {
      const std::scoped_lock lock(mutex);
      const auto flight = waiters.find(key);
      answered = std::move(flight->second);
      waiters.erase(flight);
    }
    for (auto& waiter : answered) waiter(answer);
  }

  std::mutex mutex;
  std::unordered_map<CredentialKey, std::vector<Waiter>, CredentialKeyHash> waiters;
};

SharedVerifications::SharedVerifications(net::Blocking& pool)
    : pool_(pool), state_(std::make_shared<State>()) {}

Task<Result<bool>> SharedVerifications::run(CredentialKey key,
                                            std::move_only_function<Result<bool>()> verify) {
  auto start = [this, key](auto handler, std::move_only_function<Result<bool>()> work) {
    auto loop = boost::asio::get_associated_executor(handler);
    auto guard = boost::asio::make_work_guard(loop);
    // Posted even where it could run at once: this may still be inside the call that waits.
    auto waiter = [h = std::move(handler), loop,
                   hold = std::move(guard)](Result<bool> answer) mutable {
      boost::asio::post(loop, [h = std::move(h), a = std::move(answer)]() mutable {
        std::move(h)(std::move(a));
      });
    };
    if (!state_->join(key, std::move(waiter))) return;
    auto job = [state = state_, key, w = std::move(work)]() mutable { state->land(key, w()); };
    if (!pool_.post(std::move(job))) {
      state_->land(key, failure(Code::unavailable, "too many logins at a time; try again",
                                "the queue for password checks is full"));
    }
  };
  co_return co_await boost::asio::async_initiate<decltype(net::kAwait) const, void(Result<bool>)>(
      start, net::kAwait, std::move(verify));
}

}  // namespace moorgate::auth
