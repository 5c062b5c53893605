#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "oci/digest.hpp"

/// Reading a tree that somebody else wrote: folders and link files. Everything here waits for the
/// disk. Symbolic links are not followed.
namespace moorgate::distribution {

/// An open folder whose entries are looked at one by one.
class Folder {
 public:
  struct Entry {
    std::string_view name;  ///< Valid until the next entry.
    bool is_folder;
  };

  /// nullopt when `path` is no folder that can be read; errno tells.
  static std::optional<Folder> open(int at, const std::string& path);
  int fd() const noexcept { return fd_; }
  /// nullopt at the end. "." and ".." are left out.
  std::optional<Entry> next();
  /// errno, or 0: a folder that could not be read to its end is not the same as an empty one.
  int error() const noexcept { return error_; }

 private:
  struct Close {
    void operator()(DIR* listing) const noexcept { ::closedir(listing); }
  };
  explicit Folder(DIR* listing) : listing_(listing), fd_(::dirfd(listing)) {}
  std::unique_ptr<DIR, Close> listing_;
  int fd_;
  int error_ = 0;
};

/// What a link file says.
struct LinkFile {
  std::optional<oci::Digest> digest;  ///< nullopt: `problem` says why.
  std::int64_t changed_ns = 0;        ///< Unix time of the last write, in nanoseconds.
  const char* problem = nullptr;
  bool missing = false;
  int error = 0;  ///< errno where it is there and should have been readable.
};
LinkFile read_link(int at, const std::string& path);

/// Unix nanoseconds of the last write.
std::int64_t changed_ns(const struct stat& status) noexcept;
inline std::int64_t seconds_of(std::int64_t nanoseconds) noexcept {
  return nanoseconds / 1'000'000'000;
}

/// The bytes of the tree's blobs.
class BlobPool {
 public:
  /// `root` is the open storage root and outlives this.
  explicit BlobPool(int root) noexcept : root_(root) {}
  /// blob_unknown: none, or an empty file where the digest is not that of nothing.
  Result<std::uint64_t> size(const oci::Digest& digest) const;
  /// At most `limit` bytes, whose digest has been checked; blob_unknown, size_invalid,
  /// digest_invalid with a message that is the reason alone.
  Result<std::string> read(const oci::Digest& digest, std::size_t limit) const;
  /// Gives the bytes of `target` a second name, under `alias`, durably and without a copy.
  Result<> add_alias(const oci::Digest& alias, const oci::Digest& target) const;

 private:
  int root_;
};

}  // namespace moorgate::distribution
