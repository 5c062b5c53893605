#include "net/blocking.hpp"

#include <pthread.h>
#include <unistd.h>

#include <tuple>

namespace moorgate::net {

Blocking::Blocking(const std::string& name, std::size_t threads, std::size_t queue_limit,
                   int niceness)
    : queue_limit_(queue_limit) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, niceness] { work(niceness); });
    pthread_setname_np(threads_.back().native_handle(), name.substr(0, 15).c_str());
  }
}

Blocking::~Blocking() {
  finish();
}

void Blocking::finish() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

bool Blocking::post(std::move_only_function<void()> work) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_ || queue_.size() >= queue_limit_) return false;
    queue_.emplace_back([w = std::move(work)](bool accepted) mutable {
      if (accepted) w();
    });
  }
  ready_.notify_one();
  return true;
}

void Blocking::post_rest(std::move_only_function<void()> work) {
  // The thread that calls this takes it, if no other does.
  const std::scoped_lock lock(mutex_);
  queue_.emplace_back([w = std::move(work)](bool /*accepted*/) mutable { w(); });
}

std::size_t Blocking::queued() const {
  const std::scoped_lock lock(mutex_);
  return queue_.size();
}

void Blocking::submit(std::move_only_function<void(bool accepted)> job) {
  {
    const std::scoped_lock lock(mutex_);
    if (!stopping_ && queue_.size() < queue_limit_) {
      queue_.push_back(std::move(job));
      ready_.notify_one();
      return;
    }
  }
  job(false);
}

void Blocking::work(int niceness) {
  // Of this thread alone, on Linux; to stand back is never refused.
  if (niceness > 0) std::ignore = ::nice(niceness);
  while (true) {
    std::move_only_function<void(bool)> job;
    {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    job(true);
  }
}

}  // namespace moorgate::net
