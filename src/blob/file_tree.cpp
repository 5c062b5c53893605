#include "blob/file_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <tuple>

#include "blob/file_io.hpp"
#include "blob/paths.hpp"

namespace moorgate::blob {
namespace {

// Distribution's modes, narrowed by the umask: a tree given back must stay readable to it.
constexpr mode_t kFolderMode = 0777;
constexpr mode_t kFileMode = 0666;
constexpr std::string_view kStoring = "store the blob";
constexpr std::string_view kUploading = "store the upload";

std::unexpected<Error> unknown_blob(const oci::Digest& digest) {
  return failure(Code::blob_unknown, "blob " + digest.text() + " is not in the registry");
}

std::unexpected<Error> not_opened(std::string_view id, int errno_value) {
  // Only what is gone, or was never one of ours, may be forgotten by the client.
  if (errno_value != ENOENT && errno_value != ENOTDIR && errno_value != ELOOP) {
    return failure(system_error(errno_value, "open the upload", id));
  }
  return failure(Code::blob_upload_unknown, std::string("there is no upload ").append(id));
}

Result<FileTree::OpenBlob> checked(UniqueFd file, const oci::Digest& digest) {
  const auto size = io::file_size(file.get());
  if (!size) return failure(size.error());
  if (!is_plausible_size(digest, *size)) return unknown_blob(digest);
  return FileTree::OpenBlob{.file = std::move(file), .size = *size};
}

std::string data_in(const std::string& folder) {
  return (folder + "/").append(paths::kData);
}

}  // namespace

Result<std::uint64_t> FileTree::stat(const oci::Digest& digest) const {
  struct stat status{};
  if (::fstatat(root_.get(), paths::blob_data(digest).c_str(), &status, 0) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return unknown_blob(digest);
    return failure(system_error(errno, "look at a blob", digest.text()));
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || !is_plausible_size(digest, size)) return unknown_blob(digest);
  return size;
}

Result<FileTree::OpenBlob> FileTree::open_blob(const oci::Digest& digest) const {
  UniqueFd file = io::open_at(root_.get(), paths::blob_data(digest), O_RDONLY);
  if (file) return checked(std::move(file), digest);
  if (errno == ENOENT || errno == ENOTDIR) return unknown_blob(digest);
  return failure(system_error(errno, "open a blob", digest.text()));
}

std::optional<Result<FileTree::OpenBlob>> FileTree::open_cached_blob(
    const oci::Digest& digest) const {
  UniqueFd file = io::open_cached_at(root_.get(), paths::blob_data(digest), O_RDONLY);
  if (file) return checked(std::move(file), digest);
  if (errno == ENOENT) return unknown_blob(digest);
  return std::nullopt;
}

Result<> FileTree::put(const oci::Digest& digest, std::span<const char> bytes) {
  if (holds(digest, bytes.size()) && sync_blob_folders(digest)) return {};
  const std::string folder = paths::temporary_folder(next_temporary_.fetch_add(1));
  auto stored = write_data(folder, bytes);
  if (stored) stored = place(folder, digest, bytes.size());
  if (!stored) remove_folder(folder);
  return stored;
}

Result<> FileTree::write_data(const std::string& folder, std::span<const char> bytes) const {
  if (auto made = io::make_folder_at(root_.get(), folder, kFolderMode, kStoring); !made) {
    return failure(std::move(made).error());
  }
  const UniqueFd file = io::open_at(root_.get(), data_in(folder),
                                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kFileMode);
  if (!file) return failure(system_error(errno, kStoring, folder));
  if (auto written = io::write_all(file.get(), bytes, 0, kStoring); !written) return written;
  return io::sync(file.get(), kStoring);
}

Result<> FileTree::place(const std::string& folder, const oci::Digest& digest, std::uint64_t size) {
  if (auto synced = io::sync_folder_at(root_.get(), folder, kStoring); !synced) return synced;
  // A removal may take the folder away between two of our steps; then once more from the top.
  constexpr int kAttempts = 4;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (rename(folder, paths::blob_folder(digest))) {
      return io::sync_folder_at(root_.get(), paths::shard(digest), kStoring);
    }
    if (errno == ENOENT) {
      if (auto made = make_shard(digest); !made) return made;
      continue;
    }
    if (errno != ENOTEMPTY && errno != EEXIST) break;
    if (holds(digest, size)) {
      auto kept = sync_blob_folders(digest);
      if (!kept && !holds(digest, size)) continue;
      remove_folder(folder);
      return kept;
    }
    if (rename(data_in(folder), paths::blob_data(digest))) {
      remove_folder(folder);
      return sync_blob_folders(digest);
    }
    if (errno != ENOENT) break;
  }
  return failure(system_error(errno, kStoring, digest.text()));
}

Result<> FileTree::remove(const oci::Digest& digest) {
  if (::unlinkat(root_.get(), paths::blob_data(digest).c_str(), 0) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return unknown_blob(digest);
    return failure(system_error(errno, "remove a blob", digest.text()));
  }
  // Not empty if a stranger left something, or a new push has just arrived.
  ::unlinkat(root_.get(), paths::blob_folder(digest).c_str(), AT_REMOVEDIR);
  return {};
}

Result<UniqueFd> FileTree::create_upload(const std::string& id) {
  const std::string folder = paths::upload_folder(id);
  if (::mkdirat(root_.get(), folder.c_str(), kFolderMode) != 0) {
    if (errno == EEXIST) return failure(Code::blob_upload_invalid, "the upload exists already");
    return failure(system_error(errno, kUploading, folder));
  }
  UniqueFd file =
      io::open_at(root_.get(), data_in(folder), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, kFileMode);
  if (file) return file;
  const Error error = system_error(errno, kUploading, folder);
  remove_folder(folder);
  return failure(error);
}

Result<UniqueFd> FileTree::open_upload(const std::string& id) const {
  const UniqueFd folder =
      io::open_at(root_.get(), paths::upload_folder(id), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (!folder) return not_opened(id, errno);
  UniqueFd file = io::open_at(folder.get(), std::string(paths::kData), O_RDWR | O_NOFOLLOW);
  if (!file) return not_opened(id, errno);
  return file;
}

bool FileTree::has_upload(const std::string& id) const noexcept {
  return ::faccessat(root_.get(), paths::upload_data(id).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

Result<> FileTree::remove_upload(const std::string& id) {
  table_.forget(id);
  // Freed here and not where a session, on a loop, closes the file it still has open.
  std::ignore = io::open_at(root_.get(), paths::upload_data(id), O_WRONLY | O_TRUNC | O_NOFOLLOW);
  remove_folder(paths::upload_folder(id));
  return {};
}

Result<std::vector<std::string>> FileTree::uploads() const {
  const int fd =
      io::open_at(root_.get(), std::string(paths::kUploads), O_RDONLY | O_DIRECTORY).release();
  DIR* const listing = fd < 0 ? nullptr : ::fdopendir(fd);
  if (listing == nullptr) return failure(system_error(errno, "list the uploads"));
  std::vector<std::string> ids;
  while (const dirent* const entry = ::readdir(listing)) {
    if (paths::is_upload_id(entry->d_name)) ids.emplace_back(entry->d_name);
  }
  ::closedir(listing);
  return ids;
}

bool FileTree::rename(const std::string& from, const std::string& to) const {
  return ::renameat(root_.get(), from.c_str(), root_.get(), to.c_str()) == 0;
}

bool FileTree::holds(const oci::Digest& digest, std::uint64_t size) const {
  const int before = errno;
  const auto found = stat(digest);
  errno = before;
  return found && *found == size;
}

Result<> FileTree::make_shard(const oci::Digest& digest) const {
  auto made = io::make_folder_at(root_.get(), paths::shard(digest), kFolderMode, kStoring);
  if (!made) return failure(std::move(made).error());
  return io::sync_folder_at(root_.get(), paths::blobs(digest.algorithm()), kStoring);
}

Result<> FileTree::sync_blob_folders(const oci::Digest& digest) const {
  auto synced = io::sync_folder_at(root_.get(), paths::blob_folder(digest), kStoring);
  if (!synced) return synced;
  return io::sync_folder_at(root_.get(), paths::shard(digest), kStoring);
}

void FileTree::remove_folder(const std::string& folder) const {
  ::unlinkat(root_.get(), data_in(folder).c_str(), 0);
  ::unlinkat(root_.get(), folder.c_str(), AT_REMOVEDIR);
}

}  // namespace moorgate::blob
