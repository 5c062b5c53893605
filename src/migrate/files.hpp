#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace moorgate::migrate {

/// The only way this folder touches a disk, so that tests and the fuzz target open nothing.
class Files {
 public:
  virtual ~Files() = default;

  /// More than `limit` bytes is an error.
  virtual Result<std::string> read(const std::filesystem::path& file, std::size_t limit) = 0;
  /// What matches a shell pattern, in the order of names; empty if nothing does.
  virtual std::vector<std::filesystem::path> glob(const std::string& pattern) = 0;
  /// The path as this machine has it: a file of a container may lie elsewhere outside.
  virtual std::filesystem::path resolve(const std::filesystem::path& file) const { return file; }
};

}  // namespace moorgate::migrate
