#pragma once

#include <cstdint>

namespace moorgate::net {

/// Whether memory holds all of [from, to) of `file`, so that reading it will not wait for the disk:
/// a good guess, because pages may come and go meanwhile. One or two system calls on Linux 6.5 and
/// later, else one for every 64 KiB.
bool is_cached(int file, std::uint64_t from, std::uint64_t to) noexcept;

}  // namespace moorgate::net
