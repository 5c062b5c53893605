#include <limits>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "registry/upload_sessions.hpp"

namespace moorgate::registry {
namespace {

constexpr std::int64_t kAnyTime = std::numeric_limits<std::int64_t>::max();

using Ids = std::unordered_set<std::string>;

Task<Result<>> end_upload(blob::BlobStore& blobs, meta::MetadataStore& metadata,
                          Registry::Shared::Claim claim) {
  // Whoever holds the bytes open holds the upload.
  static_cast<void>(claim.open_session());
  auto removed = co_await blobs.remove_upload(claim.record().id);
  if (removed) removed = co_await metadata.remove_upload(claim.record().id);
  if (removed) claim.end();
  co_return removed;
}

/// Bytes whose record was never written or is gone: left by a process that was killed.
std::vector<meta::UploadRecord> orphans(const std::vector<std::string>& stored,
                                        const Ids& recorded) {
  // They belong to nobody, so any repository and owner will do.
  static const auto kNowhere = *oci::RepositoryName::parse("orphan");
  std::vector<meta::UploadRecord> found;
  for (const auto& id : stored) {
    if (!recorded.contains(id)) found.push_back({.id = id, .repository = kNowhere, .owner = {}});
  }
  return found;
}

}  // namespace

Task<Result<std::size_t>> purge_uploads(blob::BlobStore& blobs, meta::MetadataStore& metadata,
                                        Registry::Shared& shared, std::int64_t before) {
  shared.drop_impatient();
  // In this order: a session that starts in between is recorded but not among the stored ones, and
  // take_abandoned() knows that it lives.
  auto stored = co_await blobs.uploads();
  if (!stored) co_return failure(std::move(stored).error());
  auto records = co_await metadata.uploads(kAnyTime);
  if (!records) co_return failure(std::move(records).error());

  const Ids has_bytes(stored->begin(), stored->end());
  Ids recorded;
  for (const auto& record : *records) recorded.insert(record.id);
  auto candidates = orphans(*stored, recorded);
  for (auto& record : *records) {
    if (record.touched < before || !has_bytes.contains(record.id)) {
      candidates.push_back(std::move(record));
    }
  }

  std::size_t ended = 0;
  for (auto& candidate : candidates) {
    auto claim = shared.take_abandoned(std::move(candidate), before);
    if (!claim) continue;
    if (auto done = co_await end_upload(blobs, metadata, std::move(*claim)); !done) {
      co_return failure(std::move(done).error());
    }
    ++ended;
  }
  co_return ended;
}

}  // namespace moorgate::registry
