#include "blob/file_io.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace moorgate::blob::io {

UniqueFd open_at(int folder, const std::string& path, int flags, mode_t mode) {
  return UniqueFd(::openat(folder, path.c_str(), flags | O_CLOEXEC, mode));
}

UniqueFd open_cached_at(int folder, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<decltype(how.flags)>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_CACHED;
  const long fd = ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
  return UniqueFd(static_cast<int>(fd));
}

Result<> write_all(int file, std::span<const char> bytes, std::uint64_t offset,
                   std::string_view doing) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return failure(system_error(errno, doing));
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<std::size_t> read_all(int file, std::span<char> into, std::uint64_t offset,
                             std::string_view doing) {
  std::size_t total = 0;
  while (total < into.size()) {
    const ssize_t got =
        ::pread(file, into.data() + total, into.size() - total, static_cast<off_t>(offset + total));
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR) continue;
      return failure(system_error(errno, doing));
    }
    total += static_cast<std::size_t>(got);
  }
  return total;
}

std::size_t read_cached(int file, std::span<char> into, std::uint64_t offset) noexcept {
  std::size_t total = 0;
  while (total < into.size()) {
    const iovec part{.iov_base = into.data() + total, .iov_len = into.size() - total};
    const ssize_t got = ::preadv2(file, &part, 1, static_cast<off_t>(offset + total), RWF_NOWAIT);
    if (got <= 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

Result<> sync(int file, std::string_view doing) {
  if (::fsync(file) == 0) return {};
  return failure(system_error(errno, doing));
}

Result<> sync_folder_at(int folder, const std::string& path, std::string_view doing) {
  const UniqueFd opened = open_at(folder, path, O_RDONLY | O_DIRECTORY);
  if (!opened) return failure(system_error(errno, doing, path));
  return sync(opened.get(), doing);
}

Result<bool> make_folder_at(int folder, const std::string& path, mode_t mode,
                            std::string_view doing) {
  if (::mkdirat(folder, path.c_str(), mode) == 0) return true;
  if (errno == EEXIST) return false;
  return failure(system_error(errno, doing, path));
}

Result<std::uint64_t> file_size(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return failure(system_error(errno, "look at a blob"));
  if (!S_ISREG(status.st_mode)) return failure(Code::blob_unknown, "the blob is not a file");
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace moorgate::blob::io
