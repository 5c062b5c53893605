#include "registry/registry.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "blob/hasher.hpp"
#include "registry/registry_impl.hpp"

namespace moorgate::registry {
namespace {

using access::Action;

/// What an entry takes beside its strings: nodes, buckets, the shared string's own head.
constexpr std::size_t kEntryOverhead = 256;

std::size_t cost_of(const StoredManifest& manifest) {
  return manifest.bytes->size() + manifest.media_type.size() + kEntryOverhead;
}

void report_damage(std::string_view what, const oci::RepositoryName& repository,
                   const oci::Digest& digest) {
  log::error(what, {{"repository", std::string_view(repository.text())},
                    {"digest", std::string_view(digest.text())}});
}

}  // namespace

Result<> demand(const access::Permit& permit, std::initializer_list<Action> actions) {
  if (std::ranges::find(actions, permit.action()) != actions.end()) return {};
  return failure(Code::denied, "this permission does not cover the request",
                 std::string("permit to ").append(access::to_string(permit.action())));
}

Result<> demand_change(const Registry::Shared& shared, const access::Permit& permit,
                       Action action) {
  if (auto held = demand(permit, {action}); !held) return held;
  return shared.writable();
}

Registry::Registry(blob::BlobStore& blobs, meta::MetadataStore& metadata,
                   std::shared_ptr<Shared> shared, Options options)
    : impl_(new Impl{.blobs = blobs,
                     .metadata = metadata,
                     .shared = std::move(shared),
                     .manifests = RepositoryCache<StoredManifest>(options.cached_manifest_bytes),
                     .blob_links = RepositoryCache<std::uint64_t>(options.cached_blob_links)}) {}

Registry::~Registry() = default;

std::shared_ptr<Registry::Shared> Registry::make_shared() {
  return std::make_shared<Shared>();
}

// ---- manifests

const StoredManifest* Registry::cached_manifest(const access::Permit& permit,
                                                const oci::Reference& reference) {
  if (!demand(permit, {Action::pull, Action::push})) return nullptr;
  const auto& repository = permit.repository();
  return impl_->manifests.find(repository.text(), reference.text(),
                               impl_->metadata.version(repository));
}

Task<Result<StoredManifest>> Registry::find_manifest(const access::Permit& permit,
                                                     const oci::Reference& reference) {
  if (auto held = demand(permit, {Action::pull, Action::push}); !held) {
    co_return failure(std::move(held).error());
  }
  if (const auto* const cached = cached_manifest(permit, reference)) co_return *cached;
  const auto& repository = permit.repository();
  const std::uint64_t version = impl_->metadata.version(repository);
  auto record = co_await impl_->metadata.find_manifest(repository, reference);
  if (!record) co_return failure(std::move(record).error());
  auto bytes = co_await impl_->manifest_bytes(repository, *record);
  if (!bytes) co_return failure(std::move(bytes).error());
  StoredManifest manifest{.digest = std::move(record->digest),
                          .media_type = std::move(record->media_type),
                          .bytes = std::move(*bytes)};
  impl_->remember(repository, reference, version, manifest);
  co_return manifest;
}

void Registry::Impl::remember(const oci::RepositoryName& repository,
                              const oci::Reference& reference, std::uint64_t version,
                              const StoredManifest& manifest) {
  const std::size_t cost = cost_of(manifest);
  if (reference.tag() != nullptr) {
    manifests.put(repository.text(), reference.text(), version, manifest, cost);
  }
  manifests.put(repository.text(), manifest.digest.text(), version, manifest, cost);
}

Task<Result<std::shared_ptr<const std::string>>> Registry::Impl::manifest_bytes(
    const oci::RepositoryName& repository, const meta::ManifestRecord& record) {
  const oci::Digest& digest = record.digest;
  if (const auto* const kept = manifests.find_outdated(repository.text(), digest.text())) {
    co_return kept->bytes;
  }
  auto bytes = co_await blobs.read(digest, oci::kManifestLimit);
  if (!bytes && bytes.error().code == Code::blob_unknown) {
    co_return failure(bytes_missing(Code::manifest_unknown, repository, digest));
  }
  if (!bytes) co_return failure(std::move(bytes).error());
  if (blob::digest_of(digest.algorithm(), *bytes) != digest) {
    report_damage("a stored manifest's bytes are not those of its digest", repository, digest);
    co_return failure(Code::internal, "manifest " + digest.text() + " is damaged in the store");
  }
  co_return std::make_shared<const std::string>(std::move(*bytes));
}

// ---- blobs

Task<Result<std::uint64_t>> Registry::Impl::linked_size(const oci::RepositoryName& repository,
                                                        const oci::Digest& digest) {
  const auto* const cached =
      blob_links.find(repository.text(), digest.text(), metadata.version(repository));
  if (cached != nullptr) co_return *cached;
  co_return co_await metadata.find_blob(repository, digest);
}

Error Registry::Impl::bytes_missing(Code code, const oci::RepositoryName& repository,
                                    const oci::Digest& digest) {
  report_damage("the metadata promise bytes that the blob store does not have", repository, digest);
  blob_links.erase(repository.text(), digest.text());
  return {code, "the bytes of " + digest.text() + " are missing from the store; push them again"};
}

Task<Result<std::uint64_t>> Registry::stat_blob(const access::Permit& permit,
                                                const oci::Digest& digest) {
  if (auto held = demand(permit, {Action::pull, Action::push}); !held) {
    co_return failure(std::move(held).error());
  }
  const auto& repository = permit.repository();
  const std::uint64_t version = impl_->metadata.version(repository);
  const auto* const cached = impl_->blob_links.find(repository.text(), digest.text(), version);
  if (cached != nullptr) co_return *cached;
  auto promised = co_await impl_->metadata.find_blob(repository, digest);
  if (!promised) co_return promised;
  auto stored = co_await impl_->blobs.stat(digest);
  const bool missing = stored ? *stored != *promised : stored.error().code == Code::blob_unknown;
  if (missing) co_return failure(impl_->bytes_missing(Code::blob_unknown, repository, digest));
  if (stored) impl_->blob_links.put(repository.text(), digest.text(), version, *stored, 1);
  co_return stored;
}

Task<Result<std::unique_ptr<blob::BlobReader>>> Registry::open_blob(const access::Permit& permit,
                                                                    const oci::Digest& digest) {
  if (auto held = demand(permit, {Action::pull, Action::push}); !held) {
    co_return failure(std::move(held).error());
  }
  const auto& repository = permit.repository();
  const std::uint64_t version = impl_->metadata.version(repository);
  auto promised = co_await impl_->linked_size(repository, digest);
  if (!promised) co_return failure(std::move(promised).error());
  auto reader = co_await impl_->blobs.open(digest);
  const bool missing =
      reader ? (*reader)->size() != *promised : reader.error().code == Code::blob_unknown;
  if (missing) co_return failure(impl_->bytes_missing(Code::blob_unknown, repository, digest));
  if (reader) impl_->blob_links.put(repository.text(), digest.text(), version, *promised, 1);
  co_return reader;
}

// ---- lists

Task<Result<meta::Page>> Registry::tags(const access::Permit& permit, meta::PageRequest page) {
  if (auto held = demand(permit, {Action::pull, Action::push}); !held) {
    co_return failure(std::move(held).error());
  }
  co_return co_await impl_->metadata.tags(permit.repository(), std::move(page));
}

Task<Result<std::vector<oci::Descriptor>>> Registry::referrers(const access::Permit& permit,
                                                               const oci::Digest& subject,
                                                               std::string artifact_type) {
  if (auto held = demand(permit, {Action::pull, Action::push}); !held) {
    co_return failure(std::move(held).error());
  }
  co_return co_await impl_->metadata.referrers(permit.repository(), subject,
                                               std::move(artifact_type));
}

Task<Result<meta::Page>> Registry::repositories(meta::PageRequest page) {
  return impl_->metadata.repositories(std::move(page));
}

// ---- delete

Task<Result<>> Registry::delete_manifest(const access::Permit& permit, const oci::Digest& digest,
                                         meta::Precondition precondition) {
  if (auto held = demand_change(*impl_->shared, permit, Action::remove); !held) co_return held;
  co_return co_await impl_->metadata.delete_manifest(permit.repository(), digest,
                                                     std::move(precondition), permit.principal());
}

Task<Result<>> Registry::delete_tag(const access::Permit& permit, const oci::Tag& tag,
                                    meta::Precondition precondition) {
  if (auto held = demand_change(*impl_->shared, permit, Action::remove); !held) co_return held;
  co_return co_await impl_->metadata.delete_tag(permit.repository(), tag, std::move(precondition),
                                                permit.principal());
}

Task<Result<>> Registry::delete_blob(const access::Permit& permit, const oci::Digest& digest) {
  if (auto held = demand_change(*impl_->shared, permit, Action::remove); !held) co_return held;
  co_return co_await impl_->metadata.unlink_blob(permit.repository(), digest);
}

}  // namespace moorgate::registry
