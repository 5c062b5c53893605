#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "blob/file_tree.hpp"
#include "blob/hasher.hpp"
#include "oci/digest.hpp"

namespace moorgate::blob {

/// The blocking half of an upload: its data file and the hash of it. Pool threads only, one call
/// at a time.
class UploadFile {
 public:
  static Result<std::shared_ptr<UploadFile>> create(std::shared_ptr<FileTree> tree, std::string id,
                                                    std::optional<oci::Algorithm> algorithm);
  /// blob_upload_unknown, or blob_upload_invalid while another one is open.
  static Result<std::shared_ptr<UploadFile>> resume(std::shared_ptr<FileTree> tree, std::string id,
                                                    std::optional<oci::Algorithm> algorithm);
  ~UploadFile() { leave(); }
  UploadFile(const UploadFile&) = delete;
  UploadFile& operator=(const UploadFile&) = delete;

  /// Lets the upload, with its hash, be resumed by another one; nothing else may follow. Done by
  /// the destructor too, but the pool may hold on to a job, and so to this, after its answer.
  void leave();

  /// Bytes in the file.
  std::uint64_t size() const noexcept { return size_; }
  /// At the end. What cannot be written whole leaves the file as it was.
  Result<> write(std::span<const char> bytes);
  Result<> truncate(std::uint64_t size);

  bool is_hashed() const noexcept { return hashed_ == size_; }
  /// Reads and hashes some of the file that is not hashed yet: a slice, so that a large file does
  /// not keep a pool thread from everybody else.
  Result<> hash_slice();

  /// True once the blob is in place; false asks to be called again (there is more to hash).
  Result<bool> commit(const oci::Digest& expected);

 private:
  UploadFile(std::shared_ptr<FileTree> tree, std::string id, oci::Algorithm algorithm)
      : tree_(std::move(tree)), id_(std::move(id)), hasher_(algorithm) {}
  void restart_hash(oci::Algorithm algorithm);
  void give_up();
  void start_writeback() noexcept;
  Result<> check_digest(const oci::Digest& expected);

  const std::shared_ptr<FileTree> tree_;
  const std::string id_;
  UniqueFd file_;
  std::uint64_t size_ = 0;
  std::uint64_t written_back_ = 0;
  Hasher hasher_;
  std::uint64_t hashed_ = 0;
  /// After a failed fsync the kernel may have dropped bytes that it still shows.
  bool broken_ = false;
  bool committed_ = false;
  bool left_ = false;
};

}  // namespace moorgate::blob
