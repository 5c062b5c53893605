#pragma once

#include <cstddef>

namespace moorgate::app {

/// Decides when memory that a burst of connections has left in the allocator goes back to the
/// system: once, some seconds after most of them have gone. One thread's own.
class IdleMemory {
 public:
  /// To be told about once a second. True if now is the time: then call release().
  bool look(std::size_t connections) noexcept;
  /// Takes milliseconds, and the allocator's locks one after the other.
  static void release() noexcept;

 private:
  /// Since the last release.
  std::size_t most_ = 0;
  int quiet_looks_ = 0;
};

}  // namespace moorgate::app
