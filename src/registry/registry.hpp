#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/permit.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "blob/blob_store.hpp"
#include "meta/metadata_store.hpp"
#include "oci/manifest.hpp"
#include "oci/name.hpp"

namespace moorgate::registry {

/// A manifest ready to be served. `bytes` is shared with the cache and never changes.
struct StoredManifest {
  oci::Digest digest;
  std::string media_type;
  std::shared_ptr<const std::string> bytes;
};

struct PushedManifest {
  oci::Digest digest;
  std::optional<oci::Digest> subject;
};

struct ManifestPush {
  std::string bytes;
  std::string content_type;
  oci::Reference reference;
  /// Further tags (`?tag=`), only where the reference is a digest.
  std::vector<oci::Tag> tags = {};
  meta::Precondition precondition = {};
};

/// An upload session that a request has taken hold of. While it lives no other request gets the
/// session (blob_upload_invalid); dropped, the session stays and may be taken again.
class Upload;

/// The registry's operations, free of transport. One object per worker: its caches are that
/// worker's alone and need no lock; the stores behind it are shared. Every verb demands a Permit
/// for its repository; a verb that needs more than one right takes more than one Permit.
class Registry {
 public:
  struct Options {
    std::size_t cached_manifest_bytes = 16U << 20U;
    std::size_t cached_blob_links = 16'384;
  };
  class Shared;  ///< The upload sessions of all workers' clients.

  Registry(blob::BlobStore& blobs, meta::MetadataStore& metadata, std::shared_ptr<Shared> shared,
           Options options);
  ~Registry();
  static std::shared_ptr<Shared> make_shared();

  // ---- read (Permit: pull or push)
  Task<Result<StoredManifest>> find_manifest(const access::Permit& permit,
                                             const oci::Reference& reference);
  /// The cached answer, or null: a warm read needs no coroutine. Valid until the next verb; whoever
  /// awaits copies it, which shares the bytes.
  const StoredManifest* cached_manifest(const access::Permit& permit,
                                        const oci::Reference& reference);
  Task<Result<std::uint64_t>> stat_blob(const access::Permit& permit, const oci::Digest& digest);
  Task<Result<std::unique_ptr<blob::BlobReader>>> open_blob(const access::Permit& permit,
                                                            const oci::Digest& digest);
  Task<Result<meta::Page>> tags(const access::Permit& permit, meta::PageRequest page);
  Task<Result<std::vector<oci::Descriptor>>> referrers(const access::Permit& permit,
                                                       const oci::Digest& subject,
                                                       std::string artifact_type);
  /// Names only; the caller shows nobody a name he may not pull.
  Task<Result<meta::Page>> repositories(meta::PageRequest page);

  // ---- write (Permit: push)
  Task<Result<PushedManifest>> push_manifest(const access::Permit& permit, ManifestPush push);
  /// True if mounted. False if the source does not have the blob: an ordinary upload follows.
  Task<Result<bool>> mount_blob(const access::Permit& push, const access::Permit& pull_from,
                                const oci::Digest& digest);
  /// Where an anonymous mount could take the blob from; the caller asks for a Permit on each.
  Task<Result<std::vector<oci::RepositoryName>>> blob_holders(const oci::Digest& digest);
  /// A whole blob that is already in memory.
  Task<Result<>> push_blob(const access::Permit& permit, const oci::Digest& digest,
                           std::string bytes);

  Task<Result<std::unique_ptr<Upload>>> start_upload(const access::Permit& permit,
                                                     std::optional<oci::Algorithm> algorithm);
  Task<Result<std::unique_ptr<Upload>>> take_upload(const access::Permit& permit, std::string id);
  /// Offset of the session, also while another request holds it.
  Task<Result<std::uint64_t>> upload_offset(const access::Permit& permit, std::string id);
  Task<Result<>> cancel_upload(const access::Permit& permit, std::string id);

  // ---- delete (Permit: delete)
  Task<Result<>> delete_manifest(const access::Permit& permit, const oci::Digest& digest,
                                 meta::Precondition precondition);
  Task<Result<>> delete_tag(const access::Permit& permit, const oci::Tag& tag,
                            meta::Precondition precondition);
  Task<Result<>> delete_blob(const access::Permit& permit, const oci::Digest& digest);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Upload {
 public:
  virtual ~Upload() = default;
  virtual const std::string& id() const noexcept = 0;
  virtual std::uint64_t offset() const noexcept = 0;
  /// Where to receive the next bytes, and how many came: see blob::UploadSession.
  virtual std::span<char> buffer() = 0;
  virtual Task<Result<>> filled(std::size_t size) = 0;
  /// The same by a copy, for bytes that are in memory anyway.
  virtual Task<Result<>> append(std::string_view bytes) = 0;
  /// Ends a chunk: bytes are written and the new offset is remembered. Also what a request does
  /// whose client vanished, so that the client may go on where it stopped; otherwise the bytes of
  /// the last, unfull buffer() are lost with the Upload.
  virtual Task<Result<>> finish_chunk() = 0;
  /// Drops what came after `offset`: the chunk failed, the session goes on from there.
  virtual Task<Result<>> rewind(std::uint64_t offset) = 0;
  /// Verifies, stores, links; durable when it answers, and then the session has ended. So it has
  /// after digest_invalid, with nothing stored; after other errors take_upload() tells whether
  /// there is something left to try again.
  virtual Task<Result<>> commit(const oci::Digest& digest) = 0;
  /// Forgets the session and its bytes. Once the session has ended, this, rewind() and
  /// finish_chunk() do nothing.
  virtual Task<Result<>> cancel() = 0;
};

/// Ends sessions that nobody has touched since `before` (Unix seconds), and removes bytes that no
/// record knows and records that have no bytes. Never a session that a request holds. Answers how
/// many it ended.
Task<Result<std::size_t>> purge_uploads(blob::BlobStore& blobs, meta::MetadataStore& metadata,
                                        Registry::Shared& shared, std::int64_t before);

}  // namespace moorgate::registry
