#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

/// System calls as values, for paths relative to an open folder. All of them may wait for the disk
/// (pool threads only) unless they say otherwise. `doing` is for the error, see system_error().
namespace moorgate::blob::io {

/// openat with O_CLOEXEC; an empty UniqueFd with errno set on failure.
UniqueFd open_at(int folder, const std::string& path, int flags, mode_t mode = 0);
/// Only what the kernel holds in memory: never waits. EAGAIN where it would have to.
UniqueFd open_cached_at(int folder, const std::string& path, int flags);

Result<> write_all(int file, std::span<const char> bytes, std::uint64_t offset,
                   std::string_view doing);
/// Fewer bytes only at the end of the file.
Result<std::size_t> read_all(int file, std::span<char> into, std::uint64_t offset,
                             std::string_view doing);
/// As many bytes as memory holds; 0 if none. Never waits.
std::size_t read_cached(int file, std::span<char> into, std::uint64_t offset) noexcept;

/// Makes what was written to the file, or entered into the folder, survive a power cut.
Result<> sync(int file, std::string_view doing);
Result<> sync_folder_at(int folder, const std::string& path, std::string_view doing);

/// True if it is new, false if it exists already.
Result<bool> make_folder_at(int folder, const std::string& path, mode_t mode,
                            std::string_view doing);

/// Size of a regular file; blob_unknown where there is none, or something else.
Result<std::uint64_t> file_size(int file);

}  // namespace moorgate::blob::io
