#include "base/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/unique_fd.hpp"

namespace moorgate {

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return failure(system_error(errno, "read a file", path.native()));
  std::string text;
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count == 0) return text;
    if (count < 0) {
      if (errno == EINTR) continue;
      return failure(system_error(errno, "read a file", path.native()));
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > limit) {
      return failure(
          Code::size_invalid, "a file is too large",
          "read a file: larger than " + std::to_string(limit) + " bytes (" + path.native() + ")");
    }
  }
}

}  // namespace moorgate
