#include "distribution/link_group.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <latch>
#include <mutex>
#include <optional>
#include <utility>

#include "base/unique_fd.hpp"
#include "blob/file_io.hpp"
#include "blob/paths.hpp"
#include "distribution/tree_paths.hpp"

namespace moorgate::distribution {
namespace {

namespace io = blob::io;

constexpr std::string_view kKeeping = "write a link of the registry's tree";
// Distribution's modes, narrowed by the umask.
constexpr mode_t kFolderMode = 0777;
constexpr mode_t kFileMode = 0666;
/// How many wait for the disk at the same time: file systems end many syncs with one commit.
constexpr std::size_t kSideBySide = 4;

/// Unique in this process, which holds the root's lock; what is left of it is emptied at start.
std::string temporary_name() {
  static std::atomic<std::uint64_t> next = 0;
  return std::string(blob::paths::kTemporary) + "/link-" + std::to_string(next.fetch_add(1));
}

std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

std::string link_in(const std::string& folder) {
  return paths::join(folder, paths::kLink);
}

bool is_there(int root, const std::string& path) {
  return ::faccessat(root, path.c_str(), F_OK, 0) == 0;
}

bool is_absent(int error) {
  return error == ENOENT || error == ENOTDIR;
}

}  // namespace

void LinkGroup::write(std::string folder, std::string text) {
  writes_.push_back({std::move(folder), std::move(text), temporary_name()});
}

void LinkGroup::remove_link(std::string folder) {
  links_to_remove_.push_back(std::move(folder));
}

void LinkGroup::remove_folder(std::string folder) {
  folders_to_remove_.push_back(std::move(folder));
}

Result<> LinkGroup::side_by_side(std::size_t count,
                                 const std::function<Result<>(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::optional<Error> failed;
  const auto take_turns = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      auto done = work(i);
      if (done) continue;
      const std::scoped_lock lock(mutex);
      if (!failed) failed = std::move(done).error();
    }
  };
  const std::size_t helpers = count == 0 ? 0 : std::min(count, kSideBySide) - 1;
  std::latch ended(static_cast<std::ptrdiff_t>(helpers));
  for (std::size_t i = 0; i < helpers; ++i) {
    const auto help = [&] {
      take_turns();
      ended.count_down();
    };
    if (!disk_.post(help)) ended.count_down();
  }
  take_turns();
  ended.wait();
  if (failed) return failure(std::move(*failed));
  return {};
}

Result<> LinkGroup::write_temporary(const Write& write) const {
  const UniqueFd file =
      io::open_at(root_, write.temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, kFileMode);
  if (!file) return failure(system_error(errno, kKeeping, write.temporary));
  if (auto done = io::write_all(file.get(), write.text, 0, kKeeping); !done) return done;
  return io::sync(file.get(), kKeeping);
}

Result<> LinkGroup::make_folder(const std::string& folder) const {
  if (::mkdirat(root_, folder.c_str(), kFolderMode) == 0) return {};
  return failure(system_error(errno, kKeeping, folder));
}

Result<> LinkGroup::move(const std::string& from, const std::string& to) const {
  if (::renameat(root_, from.c_str(), root_, to.c_str()) == 0) return {};
  return failure(system_error(errno, kKeeping, to));
}

Result<> LinkGroup::put_in_place(const Write& write) {
  if (!is_there(root_, write.folder)) return put_with_folders(write);
  changed_.insert(write.folder);
  return move(write.temporary, link_in(write.folder));
}

/// The folders that are missing, with the link in the last of them, in one step.
Result<> LinkGroup::put_with_folders(const Write& write) {
  std::string top = write.folder;
  while (top.contains('/') && !is_there(root_, parent_of(top))) top = parent_of(top);
  const std::string staged = temporary_name();
  auto done = make_folder(staged);
  for (auto end = top.size(); done && end < write.folder.size();) {
    changed_.insert(write.folder.substr(0, end));
    end = std::min(write.folder.find('/', end + 1), write.folder.size());
    done = make_folder(staged + write.folder.substr(top.size(), end - top.size()));
  }
  if (done) done = move(write.temporary, link_in(staged + write.folder.substr(top.size())));
  if (done) done = move(staged, top);
  if (!done) remove_all(staged);
  changed_.insert(write.folder);
  changed_.insert(parent_of(top));
  return done;
}

/// What this fails to remove the next start does.
void LinkGroup::remove_all(const std::string& path) const {
  std::error_code ignored;
  std::filesystem::remove_all("/proc/self/fd/" + std::to_string(root_) + "/" + path, ignored);
}

Result<> LinkGroup::take_away_link(const std::string& folder) {
  if (::unlinkat(root_, link_in(folder).c_str(), 0) != 0 && !is_absent(errno)) {
    return failure(system_error(errno, kKeeping, folder));
  }
  // Not empty where somebody left something else in it: then the link's own absence must last.
  const bool gone = ::unlinkat(root_, folder.c_str(), AT_REMOVEDIR) == 0;
  if (gone) {
    changed_.insert(parent_of(folder));
  } else if (!is_absent(errno)) {
    changed_.insert(folder);
  }
  return {};
}

Result<> LinkGroup::take_away_folder(const std::string& folder) {
  const std::string aside = temporary_name();
  if (::renameat(root_, folder.c_str(), root_, aside.c_str()) != 0) {
    return is_absent(errno) ? Result<>() : failure(system_error(errno, kKeeping, folder));
  }
  changed_.insert(parent_of(folder));
  remove_all(aside);
  return {};
}

Result<> LinkGroup::change_entries() {
  const auto write = [this](std::size_t i) { return write_temporary(writes_[i]); };
  auto done = side_by_side(writes_.size(), write);
  for (std::size_t i = 0; done && i < writes_.size(); ++i) done = put_in_place(writes_[i]);
  for (const auto& folder : folders_to_remove_) {
    if (done) done = take_away_folder(folder);
  }
  for (const auto& folder : links_to_remove_) {
    if (done) done = take_away_link(folder);
  }
  return done;
}

Result<> LinkGroup::run() {
  auto done = change_entries();
  if (!done) {
    for (const auto& write : writes_) remove_all(write.temporary);
    return done;
  }
  const std::vector<std::string> changed(changed_.begin(), changed_.end());
  const auto sync = [this, &changed](std::size_t i) -> Result<> {
    auto synced = io::sync_folder_at(root_, changed[i], kKeeping);
    // Taken away again since, in this same group: its parent tells.
    const bool gone = !synced && !is_there(root_, changed[i]);
    return gone ? Result<>() : synced;
  };
  return side_by_side(changed.size(), sync);
}

}  // namespace moorgate::distribution
