#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace moorgate {

/// The whole of a small file (configuration, certificate, password). Blocks, so it is for start-up
/// and pool threads. More than `limit` bytes is size_invalid.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit);

}  // namespace moorgate
