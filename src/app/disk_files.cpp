#include "app/disk_files.hpp"

#include <glob.h>

#include <optional>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"

namespace moorgate::app {
namespace {

namespace fs = std::filesystem;

/// What is left of `file` behind `folder`; nullopt: it lies elsewhere.
std::optional<fs::path> below(const fs::path& file, const fs::path& folder) {
  if (file == folder) return fs::path();
  fs::path rest = file.lexically_relative(folder);
  if (rest.empty() || *rest.begin() == "..") return std::nullopt;
  return rest;
}

/// `file` moved from the deepest `from` around it to the `to` beside that.
fs::path moved(const fs::path& file, const std::vector<Volume>& volumes, fs::path Volume::* from,
               fs::path Volume::* to) {
  const Volume* best = nullptr;
  for (const auto& volume : volumes) {
    const bool deeper =
        best == nullptr || (volume.*from).native().size() > (best->*from).native().size();
    if (deeper && below(file, volume.*from)) best = &volume;
  }
  if (best == nullptr) return file;
  const fs::path rest = *below(file, best->*from);
  return rest.empty() ? best->*to : best->*to / rest;
}

fs::path absolutely(const fs::path& file) {
  return fs::absolute(file).lexically_normal();
}

}  // namespace

Result<Volume> Volume::parse(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::size_t second = text.find(':', colon == std::string::npos ? colon : colon + 1);
  const std::string inside =
      colon == std::string::npos ? "" : text.substr(colon + 1, second - colon - 1);
  if (colon == 0 || !inside.starts_with('/')) {
    return failure(Code::bad_request, moorgate::quoted(text) +
                                          " is no volume; write HOST:CONTAINER, such as "
                                          "./auth:/etc/nginx/conf.d");
  }
  fs::path here = absolutely(text.substr(0, colon));
  if (!here.has_filename()) here = here.parent_path();
  return Volume{.here = std::move(here), .inside = fs::path(inside).lexically_normal()};
}

Result<std::string> DiskFiles::read(const fs::path& file, std::size_t limit) {
  return read_file(resolve(file), limit);
}

std::vector<fs::path> DiskFiles::glob(const std::string& pattern) {
  glob_t found{};
  std::vector<fs::path> files;
  if (::glob(resolve(pattern).c_str(), 0, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) files.push_back(inside(found.gl_pathv[i]));
  }
  ::globfree(&found);
  return files;
}

fs::path DiskFiles::resolve(const fs::path& file) const {
  return absolutely(moved(file, volumes_, &Volume::inside, &Volume::here));
}

fs::path DiskFiles::inside(const fs::path& file) const {
  return moved(absolutely(file), volumes_, &Volume::here, &Volume::inside);
}

}  // namespace moorgate::app
