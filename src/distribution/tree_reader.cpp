#include "distribution/tree_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/text.hpp"
#include "blob/file_io.hpp"
#include "blob/hasher.hpp"
#include "blob/paths.hpp"

namespace moorgate::distribution {
namespace {

namespace io = blob::io;

constexpr std::string_view kAliasing = "give a blob its second name";
constexpr mode_t kFolderMode = 0777;

/// Longer than any digest of ours.
constexpr std::size_t kLinkLimit = 192;

bool is_absent(int error) {
  return error == ENOENT || error == ENOTDIR;
}

std::unexpected<Error> no_bytes() {
  return failure(Code::blob_unknown, "its bytes are missing");
}

}  // namespace

std::optional<Folder> Folder::open(int at, const std::string& path) {
  const int fd = io::open_at(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).release();
  if (fd < 0) return std::nullopt;
  DIR* const listing = ::fdopendir(fd);
  if (listing == nullptr) {
    ::close(fd);
    return std::nullopt;
  }
  return Folder(listing);
}

std::optional<Folder::Entry> Folder::next() {
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(listing_.get());
    if (entry == nullptr) {
      error_ = errno;
      return std::nullopt;
    }
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (entry->d_type != DT_UNKNOWN) return Entry{name, entry->d_type == DT_DIR};
    struct stat status{};
    const bool known = ::fstatat(fd_, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    return Entry{name, known && S_ISDIR(status.st_mode)};
  }
}

std::int64_t changed_ns(const struct stat& status) noexcept {
  return status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
}

LinkFile read_link(int at, const std::string& path) {
  LinkFile link;
  const UniqueFd file = io::open_at(at, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    link.problem = "the link file is missing, or no file";
    link.missing = !file && is_absent(errno);
    // O_NOFOLLOW says ELOOP to a symbolic link.
    if (!file && !link.missing && errno != ELOOP) link.error = errno;
    return link;
  }
  link.changed_ns = changed_ns(status);
  std::array<char, kLinkLimit> text{};
  const auto got = io::read_all(file.get(), text, 0, "read a link");
  if (!got) {
    link.problem = "the link file cannot be read";
    link.error = EIO;
  } else if (*got == 0) {
    link.problem = "the link file is empty";
  } else if (auto digest = oci::Digest::parse(trim({text.data(), *got}))) {
    link.digest = std::move(*digest);
  } else {
    link.problem = "the link file does not hold the digest of a known algorithm";
  }
  return link;
}

Result<std::uint64_t> BlobPool::size(const oci::Digest& digest) const {
  struct stat status{};
  const std::string path = blob::paths::blob_data(digest);
  if (::fstatat(root_, path.c_str(), &status, 0) != 0) {
    if (is_absent(errno)) return no_bytes();
    return failure(system_error(errno, "look at a blob", path));
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || !blob::is_plausible_size(digest, size)) return no_bytes();
  return size;
}

Result<std::string> BlobPool::read(const oci::Digest& digest, std::size_t limit) const {
  const auto size = this->size(digest);
  if (!size) return failure(size.error());
  if (*size > limit) return failure(Code::size_invalid, "it is too large for a manifest");
  const std::string path = blob::paths::blob_data(digest);
  const UniqueFd file = io::open_at(root_, path, O_RDONLY);
  if (!file) return failure(system_error(errno, "read a manifest", path));
  std::string bytes(*size, '\0');
  const auto got = io::read_all(file.get(), bytes, 0, "read a manifest");
  if (!got) return failure(got.error());
  if (*got != *size || blob::digest_of(digest.algorithm(), bytes) != digest) {
    return failure(Code::digest_invalid, "its bytes are damaged: they have another digest");
  }
  return bytes;
}

Result<> BlobPool::add_alias(const oci::Digest& alias, const oci::Digest& target) const {
  const std::string folder = blob::paths::blob_folder(alias);
  if (auto made = io::make_folder_at(root_, folder, kFolderMode, kAliasing); !made) return made;
  const std::string from = blob::paths::blob_data(target);
  const std::string to = blob::paths::blob_data(alias);
  if (::linkat(root_, from.c_str(), root_, to.c_str(), 0) != 0 && errno != EEXIST) {
    return failure(system_error(errno, kAliasing, to));
  }
  auto synced = io::sync_folder_at(root_, folder, kAliasing);
  if (synced) synced = io::sync_folder_at(root_, blob::paths::shard(alias), kAliasing);
  return synced;
}

}  // namespace moorgate::distribution
