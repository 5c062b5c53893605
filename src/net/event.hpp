#pragma once

#include <chrono>
#include <memory>

#include "base/task.hpp"

namespace moorgate::net {

class Worker;

/// Something that happens once, for which coroutines of the same worker wait. Loop-owned; kept
/// alive by whoever waits.
class Event {
 public:
  static constexpr std::chrono::milliseconds kForever = std::chrono::milliseconds::max();

  /// The patience of all who will wait begins now.
  Event(Worker& worker, std::chrono::milliseconds patience);
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  /// True once it has happened, false when patience is over first.
  Task<bool> wait();
  void set() noexcept;
  bool is_set() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace moorgate::net
