#include "app/idle_memory.hpp"

#include <malloc.h>

#include <algorithm>

namespace moorgate::app {
namespace {

/// Fewer leave nothing worth the trouble.
constexpr std::size_t kBurst = 64;
/// By then the workers' pools have given most of their buffers back.
constexpr int kQuietLooks = 8;

}  // namespace

bool IdleMemory::look(std::size_t connections) noexcept {
  most_ = std::max(most_, connections);
  const bool quiet = most_ >= kBurst && connections <= most_ / 4;
  quiet_looks_ = quiet ? quiet_looks_ + 1 : 0;
  if (quiet_looks_ < kQuietLooks) return false;
  most_ = connections;
  quiet_looks_ = 0;
  return true;
}

void IdleMemory::release() noexcept {
  ::malloc_trim(0);
}

}  // namespace moorgate::app
