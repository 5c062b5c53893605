#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace moorgate::app {

struct ImportArguments {
  std::filesystem::path nginx;
  std::filesystem::path registry_config;
  std::vector<std::filesystem::path> env_files;
  std::vector<std::string> volumes;
  std::filesystem::path output;
  std::string server;
  bool keep_registry = false;
};

/// Written, and all of it carried over: 0. Nothing can be written: 1. Wrong use: 2. Written, but
/// the report holds something that could not be carried over or was not understood: 3.
inline constexpr int kImportedInPart = 3;

/// `moorgate import`: the configuration on standard output or in a file, the report on standard
/// error.
int import_command(const ImportArguments& arguments);

}  // namespace moorgate::app
