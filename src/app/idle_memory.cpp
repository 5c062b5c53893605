#include "app/idle_memory.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <span>

namespace moorgate::app {
namespace {

/// Fewer leave nothing worth the trouble.
constexpr std::size_t kBurst = 64;
/// So many handshakes leave a fifth of what the connections keep.
constexpr std::size_t kCrowd = 1024;
/// By then the workers' pools have given most of their buffers back.
constexpr int kQuietLooks = 8;

}  // namespace

bool IdleMemory::look(std::size_t connections) noexcept {
  most_ = std::max(most_, connections);
  least_ = std::min(least_, connections);
  const bool gone = most_ >= kBurst && connections <= most_ / 4;
  const std::size_t change = std::max(last_, connections) - std::min(last_, connections);
  const bool settled = connections >= least_ + kCrowd && change <= connections / 32;
  last_ = connections;
  quiet_looks_ = gone || settled ? quiet_looks_ + 1 : 0;
  if (quiet_looks_ < kQuietLooks) return false;
  most_ = least_ = connections;
  quiet_looks_ = 0;
  return true;
}

void IdleMemory::release() noexcept {
  ::malloc_trim(0);
}

void IdleMemory::forget_start() noexcept {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto forget = [](dl_phdr_info* object, std::size_t /*size*/, void* data) {
    const std::uintptr_t mask = ~(*static_cast<const std::uintptr_t*>(data) - 1);
    for (const ElfW(Phdr) & part : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
      // Only what is never written: the file still has all of it.
      if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
      const std::uintptr_t begin = (object->dlpi_addr + part.p_vaddr) & mask;
      const std::uintptr_t end = object->dlpi_addr + part.p_vaddr + part.p_memsz;
      // The loader knows addresses as numbers. NOLINTNEXTLINE(performance-no-int-to-ptr)
      ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 0;
  };
  ::dl_iterate_phdr(forget, const_cast<std::uintptr_t*>(&page));
  release();
}

}  // namespace moorgate::app
