#include "blob/upload_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>
#include <utility>

#include "blob/file_io.hpp"
#include "blob/paths.hpp"

namespace moorgate::blob {
namespace {

constexpr std::string_view kUploading = "store the upload";
constexpr std::uint64_t kWritebackStep = 8U << 20U;
constexpr std::uint64_t kSlice = 64U << 20U;
constexpr std::size_t kReadSize = 256U << 10U;

std::unexpected<Error> broken() {
  return failure(Code::internal, "the upload was damaged by a disk error; start it again");
}

}  // namespace

Result<std::shared_ptr<UploadFile>> UploadFile::create(std::shared_ptr<FileTree> tree,
                                                       std::string id,
                                                       std::optional<oci::Algorithm> algorithm) {
  if (!paths::is_upload_id(id)) {
    return failure(Code::blob_upload_invalid, "the upload's id is not a UUID");
  }
  auto entered = tree->table().enter(id);
  if (!entered) return failure(std::move(entered).error());
  std::shared_ptr<UploadFile> upload(
      new UploadFile(std::move(tree), std::move(id), algorithm.value_or(oci::Algorithm::sha256)));
  auto file = upload->tree_->create_upload(upload->id_);
  if (!file) return failure(std::move(file).error());
  upload->file_ = std::move(*file);
  return upload;
}

Result<std::shared_ptr<UploadFile>> UploadFile::resume(std::shared_ptr<FileTree> tree,
                                                       std::string id,
                                                       std::optional<oci::Algorithm> algorithm) {
  if (!paths::is_upload_id(id)) {
    return failure(Code::blob_upload_unknown, "the upload's id is not a UUID");
  }
  auto progress = tree->table().enter(id);
  if (!progress) return failure(std::move(progress).error());
  std::shared_ptr<UploadFile> upload(
      new UploadFile(std::move(tree), std::move(id), algorithm.value_or(oci::Algorithm::sha256)));
  auto file = upload->tree_->open_upload(upload->id_);
  if (!file) return failure(std::move(file).error());
  upload->file_ = std::move(*file);
  const auto size = io::file_size(upload->file_.get());
  if (!size) return failure(size.error());
  upload->size_ = *size;
  upload->written_back_ = *size;
  const bool usable = *progress && (*progress)->hashed <= *size &&
                      (!algorithm || *algorithm == (*progress)->hasher.algorithm());
  if (usable) {
    upload->hasher_ = std::move((*progress)->hasher);
    upload->hashed_ = (*progress)->hashed;
  }
  return upload;
}

void UploadFile::leave() {
  if (std::exchange(left_, true)) return;
  std::optional<UploadTable::Progress> progress;
  if (file_ && !committed_ && !broken_) progress.emplace(std::move(hasher_), hashed_);
  tree_->table().leave(id_, std::move(progress));
}

Result<> UploadFile::write(std::span<const char> bytes) {
  if (broken_) return broken();
  auto written = io::write_all(file_.get(), bytes, size_, kUploading);
  if (!written) {
    if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) give_up();
    return written;
  }
  // While the bytes are still in the processor's cache.
  if (is_hashed()) {
    hasher_.update({bytes.data(), bytes.size()});
    hashed_ += bytes.size();
  }
  size_ += bytes.size();
  start_writeback();
  return {};
}

/// What the file shows proves nothing any more, so no later session may resume it.
void UploadFile::give_up() {
  broken_ = true;
  std::ignore = tree_->remove_upload(id_);
}

/// Lets the disk work while the rest arrives, so that the final fsync has little left to wait for.
void UploadFile::start_writeback() noexcept {
  if (size_ - written_back_ < kWritebackStep) return;
  ::sync_file_range(file_.get(), static_cast<off_t>(written_back_),
                    static_cast<off_t>(size_ - written_back_), SYNC_FILE_RANGE_WRITE);
  written_back_ = size_;
}

Result<> UploadFile::truncate(std::uint64_t size) {
  if (broken_) return broken();
  if (size >= size_) return {};
  if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0) {
    return failure(system_error(errno, kUploading, id_));
  }
  size_ = size;
  written_back_ = std::min(written_back_, size);
  if (hashed_ > size_) restart_hash(hasher_.algorithm());
  return {};
}

void UploadFile::restart_hash(oci::Algorithm algorithm) {
  hasher_ = Hasher(algorithm);
  hashed_ = 0;
}

Result<> UploadFile::hash_slice() {
  const std::uint64_t end = std::min(size_, hashed_ + kSlice);
  if (hashed_ == 0) ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  const auto buffer = std::make_unique_for_overwrite<char[]>(kReadSize);
  while (hashed_ < end) {
    const std::size_t wanted = std::min<std::uint64_t>(kReadSize, end - hashed_);
    const auto got = io::read_all(file_.get(), {buffer.get(), wanted}, hashed_, "read the upload");
    if (!got) return failure(got.error());
    if (*got != wanted) {
      give_up();
      return broken();
    }
    hasher_.update({buffer.get(), wanted});
    hashed_ += wanted;
  }
  return {};
}

Result<bool> UploadFile::commit(const oci::Digest& expected) {
  if (broken_) return broken();
  if (hasher_.algorithm() != expected.algorithm()) restart_hash(expected.algorithm());
  if (!is_hashed()) {
    if (auto read = hash_slice(); !read) return failure(std::move(read).error());
    if (!is_hashed()) return false;
  }
  if (auto checked = check_digest(expected); !checked) return failure(std::move(checked).error());
  if (auto synced = io::sync(file_.get(), kUploading); !synced) {
    give_up();
    return failure(std::move(synced).error());
  }
  auto placed = tree_->place(paths::upload_folder(id_), expected, size_);
  if (!placed) {
    restart_hash(expected.algorithm());
    // Then the file is a blob already, or gone: nothing more may be done to it.
    if (!tree_->has_upload(id_)) broken_ = true;
    return failure(std::move(placed).error());
  }
  committed_ = true;
  return true;
}

Result<> UploadFile::check_digest(const oci::Digest& expected) {
  const oci::Digest actual = hasher_.finish();
  if (actual == expected) return {};
  restart_hash(expected.algorithm());
  return digest_mismatch(expected, actual);
}

}  // namespace moorgate::blob
