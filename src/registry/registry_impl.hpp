#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "access/permit.hpp"
#include "registry/registry.hpp"
#include "registry/repository_cache.hpp"
#include "registry/upload_sessions.hpp"

namespace moorgate::registry {

/// What the verbs of Registry, spread over several sources, have in common.
struct Registry::Impl {
  blob::BlobStore& blobs;
  meta::MetadataStore& metadata;
  const std::shared_ptr<Shared> shared;
  RepositoryCache<StoredManifest> manifests;
  RepositoryCache<std::uint64_t> blob_links;

  /// Remembers a manifest under the reference asked for and under its digest, which is what the
  /// same client asks for next.
  void remember(const oci::RepositoryName& repository, const oci::Reference& reference,
                std::uint64_t version, const StoredManifest& manifest);
  /// The bytes that `record` promises, checked against their digest.
  Task<Result<std::shared_ptr<const std::string>>> manifest_bytes(
      const oci::RepositoryName& repository, const meta::ManifestRecord& record);
  /// The size that the metadata promise; blob_unknown if the repository may not read the blob.
  Task<Result<std::uint64_t>> linked_size(const oci::RepositoryName& repository,
                                          const oci::Digest& digest);
  /// The metadata promise bytes that the blob store does not have: says so in the log, and to the
  /// client how to mend it.
  Error bytes_missing(Code code, const oci::RepositoryName& repository, const oci::Digest& digest);
  /// The session's claim after the checks of MetadataStore::find_upload and of its owner; without
  /// its bytes. blob_upload_unknown, or blob_upload_invalid while another request holds it.
  Task<Result<Shared::Claim>> claim_upload(const access::Permit& permit, std::string id);
};

/// For verbs that change something: `unavailable` while the registry takes nothing, and as
/// demand().
Result<> demand_change(const Registry::Shared& shared, const access::Permit& permit,
                       access::Action action);

/// A permit for another action than the verb's is a mistake of the caller, answered `denied`.
Result<> demand(const access::Permit& permit, std::initializer_list<access::Action> actions);

}  // namespace moorgate::registry
