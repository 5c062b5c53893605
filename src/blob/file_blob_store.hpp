#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "blob/blob_store.hpp"
#include "blob/upload_buffer.hpp"
#include "config/reader.hpp"
#include "net/blocking.hpp"

namespace moorgate::blob {

class FileTree;

/// The `filesystem` section of the configuration.
struct FileBlobConfig {
  std::filesystem::path root = "./moorgate-data";
};
FileBlobConfig parse_file_blob(const config::Reader& in);

/// Blobs as files, laid out as Distribution does (see paths.hpp), so an existing tree is adopted in
/// place. What memory holds is answered on the loop; everything else runs on `blocking`.
class FileBlobStore final : public BlobStore {
 public:
  /// For start-up: waits for the disk. Creates the folders, removes what an earlier process left
  /// half done, and locks `root`: `unavailable` names the process that uses it already.
  /// `blocking` must outlive the store, its readers and its sessions.
  static Result<std::unique_ptr<FileBlobStore>> open(const std::filesystem::path& root,
                                                     net::Blocking& blocking);

  Task<Result<std::uint64_t>> stat(oci::Digest digest) override;
  Task<Result<std::unique_ptr<BlobReader>>> open(oci::Digest digest) override;
  Task<Result<std::string>> read(oci::Digest digest, std::size_t limit) override;
  Task<Result<>> put(oci::Digest digest, std::string bytes) override;
  Task<Result<>> put_verified(oci::Digest expected, std::string bytes) override;
  Task<Result<>> remove(oci::Digest digest) override;
  Task<Result<std::unique_ptr<UploadSession>>> create_upload(
      std::string id, std::optional<oci::Algorithm> algorithm) override;
  Task<Result<std::unique_ptr<UploadSession>>> resume_upload(
      std::string id, std::optional<oci::Algorithm> algorithm) override;
  Task<Result<>> remove_upload(std::string id) override;
  Task<Result<std::vector<std::string>>> uploads() override;

 private:
  FileBlobStore(net::Blocking& blocking, std::shared_ptr<FileTree> tree)
      : blocking_(blocking), tree_(std::move(tree)), buffers_(std::make_shared<UploadBuffers>()) {}

  net::Blocking& blocking_;
  // Shared with what still runs on the pool or in a session.
  const std::shared_ptr<FileTree> tree_;
  const std::shared_ptr<UploadBuffers> buffers_;
};

}  // namespace moorgate::blob
