#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "blob/blob_store.hpp"

namespace moorgate::blob {

/// A fake for unit tests that keeps the contract of BlobStore in memory, on one loop only. It keeps
/// a diary, so that a test can also assert what was not asked for, and fails where it is told to.
class MemoryBlobStore final : public BlobStore {
 public:
  /// One line per verb of store and sessions: "stat sha256:…", "create_upload <id>",
  /// "filled 1024", "commit sha256:…". buffer() and offset() are not written down.
  std::vector<std::string> calls;
  /// The next call of the verb ("put", "filled") ends with this error, once, and does nothing.
  std::map<std::string, Error, std::less<>> failures;

  /// Puts a blob there without a line in the diary; answers its sha256.
  oci::Digest add(std::string bytes);
  /// What lies under `digest`, whether it matches or not; null if nothing does.
  std::string* find(const oci::Digest& digest);
  std::size_t size() const noexcept { return blobs_.size(); }

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
  class Reader;
  class Session;
  struct Upload {
    std::string bytes;
    bool held = false;
  };

  /// Writes the line, then hands out the failure asked for, if any.
  Result<> note(std::string_view verb, std::string_view what = {});

  std::unordered_map<oci::Digest, std::shared_ptr<std::string>> blobs_;
  std::map<std::string, std::shared_ptr<Upload>> uploads_;
};

}  // namespace moorgate::blob
