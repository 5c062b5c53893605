#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/task.hpp"
#include "oci/digest.hpp"
#include "oci/manifest.hpp"
#include "oci/name.hpp"

namespace moorgate::meta {

/// A manifest as a repository knows it.
struct ManifestRecord {
  oci::Digest digest;
  std::string media_type;
  std::uint64_t size = 0;
};

/// RFC 9110 §13: the state a write insists on. Checked inside the writing transaction against the
/// current manifest of each tag that is written (or the manifest itself where none is).
struct Precondition {
  /// If-Match: one of these must be current; `*` is any_existing.
  std::vector<oci::Digest> match = {};
  bool any_existing = false;
  /// If-None-Match: * — nothing may be there yet.
  bool absent = false;
  bool empty() const noexcept { return match.empty() && !any_existing && !absent; }
};

struct NewManifest {
  oci::RepositoryName repository;
  oci::Digest digest;
  std::uint64_t size = 0;
  oci::Manifest manifest;
  /// All of them point at the manifest afterwards.
  std::vector<oci::Tag> tags = {};
  Precondition precondition = {};
  std::string pushed_by = {};
};

/// One page of names in byte order.
struct Page {
  std::vector<std::string> names;
  bool more = false;
};

struct PageRequest {
  std::size_t limit = 100;
  /// Exclusive; empty = from the start.
  std::string after = {};
};

struct UploadRecord {
  std::string id;
  oci::RepositoryName repository;
  /// User name of the principal that opened it; only the same principal continues it.
  std::string owner;
  std::uint64_t offset = 0;
  std::optional<oci::Algorithm> algorithm = std::nullopt;
  std::int64_t started = 0;  ///< Unix seconds.
  std::int64_t touched = 0;  ///< Unix seconds.
};

/// What the registry knows about bytes: repositories, manifests, tags, links, uploads. Every verb
/// is one transaction; a verb that answers success has been made durable, except the upload verbs,
/// which survive a killed process but not necessarily a power cut. Shared by all workers.
class MetadataStore {
 public:
  virtual ~MetadataStore() = default;

  // ---- manifests and tags
  /// manifest_unknown when the repository has no such tag or manifest, name_unknown when there is
  /// no such repository.
  virtual Task<Result<ManifestRecord>> find_manifest(oci::RepositoryName repository,
                                                     oci::Reference reference) = 0;
  /// Links, references, tags and tag history in one transaction. manifest_blob_unknown names the
  /// required blobs or child manifests that the repository does not have; precondition_failed.
  virtual Task<Result<>> put_manifest(NewManifest manifest) = 0;
  /// Removes the manifest and every tag that points at it.
  virtual Task<Result<>> delete_manifest(oci::RepositoryName repository, oci::Digest digest,
                                         Precondition precondition, std::string deleted_by) = 0;
  virtual Task<Result<>> delete_tag(oci::RepositoryName repository, oci::Tag tag,
                                    Precondition precondition, std::string deleted_by) = 0;
  /// name_unknown when there is no such repository.
  virtual Task<Result<Page>> tags(oci::RepositoryName repository, PageRequest page) = 0;
  /// Repositories that hold at least one manifest.
  virtual Task<Result<Page>> repositories(PageRequest page) = 0;
  /// Manifests of the repository whose subject is `subject`; never name_unknown.
  /// An empty `artifact_type` does not filter.
  virtual Task<Result<std::vector<oci::Descriptor>>> referrers(oci::RepositoryName repository,
                                                               oci::Digest subject,
                                                               std::string artifact_type) = 0;

  // ---- blob links
  /// Size of the blob if the repository may read it, else blob_unknown.
  virtual Task<Result<std::uint64_t>> find_blob(oci::RepositoryName repository,
                                                oci::Digest digest) = 0;
  virtual Task<Result<>> link_blob(oci::RepositoryName repository, oci::Digest digest,
                                   std::uint64_t size) = 0;
  virtual Task<Result<>> unlink_blob(oci::RepositoryName repository, oci::Digest digest) = 0;
  /// Repositories that may read the blob, at most `limit`.
  virtual Task<Result<std::vector<oci::RepositoryName>>> blob_holders(oci::Digest digest,
                                                                      std::size_t limit) = 0;

  // ---- upload sessions
  /// These two are queued and answer nothing: nobody should wait for the disk so that a session
  /// might survive a restart. They take effect before any later verb that writes. `recorded` is
  /// called, on any thread, once the record survives the end of the process.
  virtual void create_upload(UploadRecord upload, std::function<void()> recorded) = 0;
  virtual void touch_upload(std::string id, std::uint64_t offset) = 0;
  /// Waits until all that was queued so far survives the end of the process; not for the disk.
  virtual Task<Result<>> settled() = 0;
  /// blob_upload_unknown unless this repository has it.
  virtual Task<Result<UploadRecord>> find_upload(oci::RepositoryName repository,
                                                 std::string id) = 0;
  virtual Task<Result<>> remove_upload(std::string id) = 0;
  /// Ends an upload and links its blob in one durable transaction.
  virtual Task<Result<>> finish_upload(std::string id, oci::RepositoryName repository,
                                       oci::Digest digest, std::uint64_t size) = 0;
  /// Sessions last touched before `before` (Unix seconds), oldest first.
  virtual Task<Result<std::vector<UploadRecord>>> uploads(std::int64_t before) = 0;

  /// Changes whenever something that this repository had may be there no more or no longer the
  /// same; a reader that remembers the value from before it read may serve its copy while the value
  /// stays the same. A new blob link changes nothing that was there, so nobody may remember that
  /// something was missing. No lock.
  virtual std::uint64_t version(const oci::RepositoryName& repository) const noexcept = 0;

  /// Answers once the store can serve reads and writes (for /readyz).
  virtual Task<Result<>> check() = 0;
};

}  // namespace moorgate::meta
