#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "blob/upload_table.hpp"
#include "oci/digest.hpp"

namespace moorgate::blob {

/// The blocking half of FileBlobStore: the folders below one root. Every method may wait for the
/// disk, so it runs on the pool, except those that say otherwise. Any thread.
class FileTree {
 public:
  /// Creates what is missing, locks the root against a second process (unavailable, naming the
  /// process that holds it) and removes what an earlier process left half done.
  static Result<std::shared_ptr<FileTree>> open(const std::filesystem::path& root);

  Result<std::uint64_t> stat(const oci::Digest& digest) const;
  struct OpenBlob {
    UniqueFd file;
    std::uint64_t size = 0;
  };
  Result<OpenBlob> open_blob(const oci::Digest& digest) const;
  /// From what the kernel holds in memory, without waiting; nullopt: ask open_blob().
  std::optional<Result<OpenBlob>> open_cached_blob(const oci::Digest& digest) const;

  Result<> put(const oci::Digest& digest, std::span<const char> bytes);
  /// Makes the folder at `folder`, whose `data` file holds `size` durable bytes, the blob of
  /// `digest`, durably. One rename: readers see all of it or nothing. A blob that is there already
  /// wins, unless its size is wrong.
  Result<> place(const std::string& folder, const oci::Digest& digest, std::uint64_t size);
  Result<> remove(const oci::Digest& digest);

  /// Creates the upload's empty data file.
  Result<UniqueFd> create_upload(const std::string& id);
  /// blob_upload_unknown if there is none.
  Result<UniqueFd> open_upload(const std::string& id) const;
  /// False also when that cannot be found out.
  bool has_upload(const std::string& id) const noexcept;
  Result<> remove_upload(const std::string& id);  // `id` must be an upload id
  Result<std::vector<std::string>> uploads() const;
  UploadTable& table() noexcept { return table_; }

 private:
  FileTree(UniqueFd root, UniqueFd lock) : root_(std::move(root)), lock_(std::move(lock)) {}

  Result<> write_data(const std::string& folder, std::span<const char> bytes) const;
  bool rename(const std::string& from, const std::string& to) const;
  /// Whether the blob is there in this size; errno stays as it was.
  bool holds(const oci::Digest& digest, std::uint64_t size) const;
  Result<> make_shard(const oci::Digest& digest) const;
  Result<> sync_blob_folders(const oci::Digest& digest) const;
  void remove_folder(const std::string& folder) const;

  const UniqueFd root_;
  const UniqueFd lock_;
  std::atomic<std::uint64_t> next_temporary_ = 0;
  UploadTable table_{4096};
};

}  // namespace moorgate::blob
