#include "app/file_watch.hpp"

#include <sys/stat.h>

#include <utility>

namespace moorgate::app {
namespace {

/// Changes with the file's identity, size and times; stat follows symbolic links.
std::string fingerprint(const std::vector<std::filesystem::path>& files) {
  std::string all;
  for (const auto& file : files) {
    struct stat facts{};
    if (::stat(file.c_str(), &facts) != 0) {
      all += "absent;";
      continue;
    }
    for (const auto number :
         {static_cast<std::int64_t>(facts.st_dev), static_cast<std::int64_t>(facts.st_ino),
          static_cast<std::int64_t>(facts.st_size), facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec,
          facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec}) {
      all += std::to_string(number) + ',';
    }
    all += ';';
  }
  return all;
}

}  // namespace

void FileWatch::add(std::vector<std::filesystem::path> files, Changed changed) {
  std::string now = fingerprint(files);
  groups_.push_back({std::move(files), std::move(changed), now, now});
}

void FileWatch::look() {
  for (Group& group : groups_) {
    std::string now = fingerprint(group.files);
    const bool settled = now == group.last_seen;
    group.last_seen = now;
    if (!settled || now == group.acted_on) continue;
    group.acted_on = std::move(now);
    group.changed();
  }
}

}  // namespace moorgate::app
