#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/task.hpp"
#include "blob/blob_store.hpp"
#include "net/blocking.hpp"

namespace moorgate::blob {

/// A loop that runs one coroutine at a time to its end, as a worker's would.
class TestLoop {
 public:
  template <class T>
  T run(Task<T> task) {
    T result;
    auto finish = [&result](const std::exception_ptr& thrown, T value) {
      if (thrown) std::rethrow_exception(thrown);
      result = std::move(value);
    };
    boost::asio::co_spawn(context_, std::move(task), std::move(finish));
    context_.restart();
    context_.run();
    return result;
  }

 private:
  boost::asio::io_context context_{1};
};

/// An empty folder that goes away with the test; in memory where possible, since no test can see
/// what a power cut leaves.
class ScratchFolder {
 public:
  ScratchFolder() {
    const bool memory = ::access("/dev/shm", W_OK) == 0;
    const auto parent = memory ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string pattern = (parent / "moorgate.XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

inline Code code_of(const auto& result) {
  return result ? throw std::logic_error("expected an error") : result.error().code;
}

/// Bytes that differ everywhere, so that a chunk in the wrong place changes the digest.
inline std::string sample(std::size_t size, unsigned seed = 1) {
  std::string bytes(size, '\0');
  std::uint64_t state = 0x9e3779b97f4a7c15U * (seed + 1);
  for (char& byte : bytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<char>(state >> 56U);
  }
  return bytes;
}

}  // namespace moorgate::blob
