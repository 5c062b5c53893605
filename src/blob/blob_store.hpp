#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/task.hpp"
#include "base/unique_fd.hpp"
#include "oci/digest.hpp"

namespace moorgate::blob {

/// One open blob. Not shared: it belongs to the request that opened it.
class BlobReader {
 public:
  virtual ~BlobReader() = default;
  virtual std::uint64_t size() const noexcept = 0;
  /// The file that holds the bytes from offset 0, or -1 if the store has none; for sendfile.
  virtual int file() const noexcept = 0;
  /// Fills `into` from `offset`; fewer bytes only at the end of the blob.
  virtual Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<char> into) = 0;
};

/// Bytes on their way to becoming a blob. One caller at a time; the caller's loop owns it. Dropped
/// without a commit, it may be resumed by its id from where the last flush() ended. Between a
/// flush() and the next buffer() it belongs to no loop and may be carried to another.
class UploadSession {
 public:
  virtual ~UploadSession() = default;
  /// Bytes taken so far, over all requests of the session.
  virtual std::uint64_t offset() const noexcept = 0;
  /// Room for the next bytes, never empty; lent until the next verb of the session. The session
  /// lends its own memory so that bytes go from the socket to the disk without a copy.
  virtual std::span<char> buffer() = 0;
  /// Takes the first `size` bytes of buffer(). Full buffers are hashed and written behind the
  /// caller's back while it fills the next one, so an error may belong to earlier bytes; after an
  /// error (insufficient_storage and the like) offset() tells what was kept, and the session lives.
  virtual Task<Result<>> filled(std::size_t size) = 0;
  /// Waits until all bytes taken are written (not yet durable) and gives the memory back.
  virtual Task<Result<>> flush() = 0;
  /// Takes back everything after `offset`: a chunk that ended badly leaves nothing behind.
  virtual Task<Result<>> truncate(std::uint64_t offset) = 0;
  /// Makes the bytes a blob and answers its size: hash checked (digest_invalid on a mismatch, the
  /// session stays), data and directory durable, visible under its digest at once. No flush() is
  /// needed before. Afterwards the session is spent and its id unknown.
  virtual Task<Result<std::uint64_t>> commit(oci::Digest expected) = 0;
};

/// Copies `bytes` into the session: for bytes that are in memory anyway.
Task<Result<>> append(UploadSession& session, std::string_view bytes);

/// Immutable bytes by digest, and the uploads that make them. Shared by all workers; every method
/// may be called from any of them and answers on the caller's loop.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  /// Size in bytes, or blob_unknown.
  virtual Task<Result<std::uint64_t>> stat(oci::Digest digest) = 0;
  virtual Task<Result<std::unique_ptr<BlobReader>>> open(oci::Digest digest) = 0;
  /// Whole small content (a manifest): at most `limit` bytes, else size_invalid.
  virtual Task<Result<std::string>> read(oci::Digest digest, std::size_t limit) = 0;
  /// Stores `bytes` durably under `digest`, which the caller has computed from them.
  virtual Task<Result<>> put(oci::Digest digest, std::string bytes) = 0;
  /// Stores a whole blob of moderate size in one go after checking its digest: what a small
  /// monolithic upload needs, without an upload session. digest_invalid on a mismatch.
  virtual Task<Result<>> put_verified(oci::Digest expected, std::string bytes) = 0;
  /// blob_unknown if there is none. Readers that are open keep their bytes.
  virtual Task<Result<>> remove(oci::Digest digest) = 0;

  /// Starts an upload. `id` is a UUID made by the caller; `algorithm`, when the client announced
  /// one, is hashed while streaming (default sha256; the other costs a second read at commit).
  virtual Task<Result<std::unique_ptr<UploadSession>>> create_upload(
      std::string id, std::optional<oci::Algorithm> algorithm) = 0;
  /// Continues an upload that an earlier request, or an earlier process, left: bytes there count.
  /// blob_upload_unknown if there is none, blob_upload_invalid while another session holds it.
  virtual Task<Result<std::unique_ptr<UploadSession>>> resume_upload(
      std::string id, std::optional<oci::Algorithm> algorithm) = 0;
  /// Forgets the upload and its bytes; success also if there is none.
  virtual Task<Result<>> remove_upload(std::string id) = 0;
  /// Ids of every upload whose bytes are in the store, abandoned ones included.
  virtual Task<Result<std::vector<std::string>>> uploads() = 0;
};

}  // namespace moorgate::blob
