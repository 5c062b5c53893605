#include "blob/memory_blob_store.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "blob/hasher.hpp"

namespace moorgate::blob {
namespace {

std::unexpected<Error> unknown_blob(const oci::Digest& digest) {
  return failure(Code::blob_unknown, "blob " + digest.text() + " is not in the registry");
}

}  // namespace

class MemoryBlobStore::Reader final : public BlobReader {
 public:
  explicit Reader(std::shared_ptr<const std::string> bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const noexcept override { return bytes_->size(); }
  int file() const noexcept override { return -1; }
  Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<char> into) override {
    if (offset >= bytes_->size()) co_return 0;
    co_return bytes_->copy(into.data(), into.size(), offset);
  }

 private:
  const std::shared_ptr<const std::string> bytes_;
};

class MemoryBlobStore::Session final : public UploadSession {
 public:
  Session(MemoryBlobStore& store, std::string id, std::shared_ptr<Upload> upload)
      : store_(store), id_(std::move(id)), upload_(std::move(upload)) {
    upload_->held = true;
  }
  ~Session() override { upload_->held = false; }

  std::uint64_t offset() const noexcept override { return upload_->bytes.size(); }
  std::span<char> buffer() override { return buffer_; }
  Task<Result<>> filled(std::size_t size) override {
    auto noted = store_.note("filled", std::to_string(size));
    if (noted) upload_->bytes.append(buffer_.data(), size);
    co_return noted;
  }
  Task<Result<>> flush() override { co_return store_.note("flush"); }
  Task<Result<>> truncate(std::uint64_t offset) override {
    auto noted = store_.note("truncate", std::to_string(offset));
    if (noted) upload_->bytes.resize(std::min<std::uint64_t>(offset, upload_->bytes.size()));
    co_return noted;
  }
  Task<Result<std::uint64_t>> commit(oci::Digest expected) override {
    if (auto noted = store_.note("commit", expected.text()); !noted) {
      co_return failure(std::move(noted).error());
    }
    const oci::Digest actual = digest_of(expected.algorithm(), upload_->bytes);
    if (actual != expected) co_return digest_mismatch(expected, actual);
    const std::uint64_t size = upload_->bytes.size();
    store_.blobs_.try_emplace(expected, std::make_shared<std::string>(upload_->bytes));
    store_.uploads_.erase(id_);
    co_return size;
  }

 private:
  MemoryBlobStore& store_;
  const std::string id_;
  const std::shared_ptr<Upload> upload_;
  // Small, so that tests see more than one buffer without much data.
  std::array<char, 4096> buffer_{};
};

Result<> MemoryBlobStore::note(std::string_view verb, std::string_view what) {
  std::string line(verb);
  if (!what.empty()) line.append(" ").append(what);
  calls.push_back(std::move(line));
  const auto found = failures.find(verb);
  if (found == failures.end()) return {};
  auto error = std::move(failures.extract(found).mapped());
  return failure(std::move(error));
}

oci::Digest MemoryBlobStore::add(std::string bytes) {
  auto digest = digest_of(oci::Algorithm::sha256, bytes);
  blobs_.try_emplace(digest, std::make_shared<std::string>(std::move(bytes)));
  return digest;
}

std::string* MemoryBlobStore::find(const oci::Digest& digest) {
  const auto found = blobs_.find(digest);
  return found == blobs_.end() ? nullptr : found->second.get();
}

Task<Result<std::uint64_t>> MemoryBlobStore::stat(oci::Digest digest) {
  if (auto noted = note("stat", digest.text()); !noted) co_return failure(std::move(noted).error());
  const auto* const bytes = find(digest);
  if (bytes == nullptr) co_return unknown_blob(digest);
  co_return bytes->size();
}

Task<Result<std::unique_ptr<BlobReader>>> MemoryBlobStore::open(oci::Digest digest) {
  if (auto noted = note("open", digest.text()); !noted) co_return failure(std::move(noted).error());
  const auto found = blobs_.find(digest);
  if (found == blobs_.end()) co_return unknown_blob(digest);
  co_return std::make_unique<Reader>(found->second);
}

Task<Result<std::string>> MemoryBlobStore::read(oci::Digest digest, std::size_t limit) {
  if (auto noted = note("read", digest.text()); !noted) co_return failure(std::move(noted).error());
  const auto* const bytes = find(digest);
  if (bytes == nullptr) co_return unknown_blob(digest);
  if (bytes->size() > limit) co_return failure(Code::size_invalid, "the content is too large");
  co_return *bytes;
}

Task<Result<>> MemoryBlobStore::put(oci::Digest digest, std::string bytes) {
  auto noted = note("put", digest.text());
  if (noted) blobs_.try_emplace(digest, std::make_shared<std::string>(std::move(bytes)));
  co_return noted;
}

Task<Result<>> MemoryBlobStore::put_verified(oci::Digest expected, std::string bytes) {
  auto noted = note("put_verified", expected.text());
  if (!noted) co_return noted;
  const oci::Digest actual = digest_of(expected.algorithm(), bytes);
  if (actual != expected) co_return digest_mismatch(expected, actual);
  blobs_.try_emplace(expected, std::make_shared<std::string>(std::move(bytes)));
  co_return noted;
}

Task<Result<>> MemoryBlobStore::remove(oci::Digest digest) {
  auto noted = note("remove", digest.text());
  if (noted && blobs_.erase(digest) == 0) co_return unknown_blob(digest);
  co_return noted;
}

Task<Result<std::unique_ptr<UploadSession>>> MemoryBlobStore::create_upload(
    std::string id, std::optional<oci::Algorithm> /*algorithm*/) {
  if (auto noted = note("create_upload", id); !noted) co_return failure(std::move(noted).error());
  const auto [place, created] = uploads_.try_emplace(id, std::make_shared<Upload>());
  if (!created) co_return failure(Code::blob_upload_invalid, "the upload exists already");
  co_return std::make_unique<Session>(*this, std::move(id), place->second);
}

Task<Result<std::unique_ptr<UploadSession>>> MemoryBlobStore::resume_upload(
    std::string id, std::optional<oci::Algorithm> /*algorithm*/) {
  if (auto noted = note("resume_upload", id); !noted) co_return failure(std::move(noted).error());
  const auto found = uploads_.find(id);
  if (found == uploads_.end()) {
    co_return failure(Code::blob_upload_unknown, "there is no upload " + id);
  }
  if (found->second->held) {
    co_return failure(Code::blob_upload_invalid, "another request is writing to this upload");
  }
  co_return std::make_unique<Session>(*this, std::move(id), found->second);
}

Task<Result<>> MemoryBlobStore::remove_upload(std::string id) {
  auto noted = note("remove_upload", id);
  if (noted) uploads_.erase(id);
  co_return noted;
}

Task<Result<std::vector<std::string>>> MemoryBlobStore::uploads() {
  if (auto noted = note("uploads"); !noted) co_return failure(std::move(noted).error());
  std::vector<std::string> ids;
  ids.reserve(uploads_.size());
  for (const auto& [id, upload] : uploads_) ids.push_back(id);
  co_return ids;
}

}  // namespace moorgate::blob
