#include "net/page_cache.hpp"

#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <optional>

namespace moorgate::net {
namespace {

/// The kernel reads ahead, and evicts, in about this much.
constexpr std::uint64_t kProbeStep = 64 << 10;

/// cachestat(2), which Debian 12's headers do not know yet; the number is the same everywhere.
constexpr long kCachestat = 451;
struct Range {
  std::uint64_t offset;
  std::uint64_t length;
};
struct Pages {
  std::uint64_t cached;
  std::uint64_t dirty;
  std::uint64_t under_writeback;
  std::uint64_t evicted;
  std::uint64_t recently_evicted;
};

std::atomic<bool> kernel_counts = true;

/// Pages of the range that memory holds; nullopt where the kernel does not tell.
std::optional<std::uint64_t> cached_pages(int file, Range range) noexcept {
  if (!kernel_counts.load(std::memory_order_relaxed)) return std::nullopt;
  Pages pages{};
  if (::syscall(kCachestat, file, &range, &pages, 0U) == 0) return pages.cached;
  // Too old, or hidden by a container's filter. EPERM of others' files alone may come, too.
  if (errno == ENOSYS) kernel_counts.store(false, std::memory_order_relaxed);
  return std::nullopt;
}

bool is_readable_now(int file, std::uint64_t at) noexcept {
  std::array<char, 1> probe{};
  const iovec part{probe.data(), probe.size()};
  return ::preadv2(file, &part, 1, static_cast<off_t>(at), RWF_NOWAIT) == 1;
}

}  // namespace

bool is_cached(int file, std::uint64_t from, std::uint64_t to) noexcept {
  if (from >= to) return true;
  // What is being read just now is counted, too, but its end is not readable yet.
  if (!is_readable_now(file, to - 1)) return false;
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t first = from / page * page;
  if (const auto pages = cached_pages(file, {first, to - first})) {
    return *pages >= (to - first + page - 1) / page;
  }
  for (std::uint64_t at = from; at < to; at += kProbeStep) {
    if (!is_readable_now(file, at)) return false;
  }
  return true;
}

}  // namespace moorgate::net
