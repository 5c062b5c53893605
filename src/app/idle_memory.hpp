#pragma once

#include <cstddef>

namespace moorgate::app {

/// Decides when memory that a burst of connections has left in the allocator goes back to the
/// system: once, some seconds after most of them have gone, or after a crowd of them has come to
/// stay. One thread's own.
class IdleMemory {
 public:
  /// To be told about once a second. True if now is the time: then call release().
  bool look(std::size_t connections) noexcept;
  /// Takes milliseconds, and the allocator's locks one after the other.
  static void release() noexcept;
  /// Unmaps the code and constants of the program and its libraries, most of which only a start
  /// needs; what is used again comes back from the page cache by itself.
  static void forget_start() noexcept;

 private:
  /// Since the last release.
  std::size_t most_ = 0;
  std::size_t least_ = 0;
  std::size_t last_ = 0;
  int quiet_looks_ = 0;
};

}  // namespace moorgate::app
