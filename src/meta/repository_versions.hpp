#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "oci/name.hpp"

namespace moorgate::meta {

/// MetadataStore::version() without a lock. Repositories share 1024 counters by the hash of their
/// name: sharing one costs a needless re-read at worst.
class RepositoryVersions {
 public:
  static std::size_t slot_of(const oci::RepositoryName& repository) noexcept {
    return std::hash<std::string_view>{}(repository.text()) % kSlots;
  }
  std::uint64_t get(const oci::RepositoryName& repository) const noexcept {
    return versions_[slot_of(repository)].load(std::memory_order_acquire);
  }
  void bump(std::size_t slot) noexcept { versions_[slot].fetch_add(1, std::memory_order_acq_rel); }

 private:
  static constexpr std::size_t kSlots = 1024;
  std::array<std::atomic<std::uint64_t>, kSlots> versions_{};
};

}  // namespace moorgate::meta
