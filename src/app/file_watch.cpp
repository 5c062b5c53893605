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
  // By index: an action may add or clear groups.
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    std::string now = fingerprint(groups_[i].files);
    const bool settled = now == groups_[i].last_seen;
    groups_[i].last_seen = now;
    if (!settled || now == groups_[i].acted_on) continue;
    groups_[i].acted_on = std::move(now);
    const Changed changed = groups_[i].changed;
    changed();
  }
}

}  // namespace moorgate::app
