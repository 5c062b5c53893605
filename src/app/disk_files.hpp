#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "migrate/files.hpp"

namespace moorgate::app {

/// A folder or file of this machine that a container sees under another name, as docker's --volume.
struct Volume {
  std::filesystem::path here;
  std::filesystem::path inside;

  /// "./auth:/etc/nginx/conf.d", a third part such as :ro is passed over.
  static Result<Volume> parse(const std::string& text);
};

/// Files of this machine, some under the names that a container has for them. Blocking.
class DiskFiles final : public migrate::Files {
 public:
  DiskFiles() = default;
  explicit DiskFiles(std::vector<Volume> volumes) : volumes_(std::move(volumes)) {}

  Result<std::string> read(const std::filesystem::path& file, std::size_t limit) override;
  std::vector<std::filesystem::path> glob(const std::string& pattern) override;
  /// Absolute.
  std::filesystem::path resolve(const std::filesystem::path& file) const override;
  /// The reverse: the container's name for a file of this machine, or its absolute own.
  std::filesystem::path inside(const std::filesystem::path& file) const;

 private:
  std::vector<Volume> volumes_;
};

}  // namespace moorgate::app
