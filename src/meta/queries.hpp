#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "meta/metadata_store.hpp"
#include "meta/sqlite.hpp"

/// The read verbs of MetadataStore, each one unit of work on a connection. Their contracts are
/// those of the verbs of the same name. Whoever calls one asks the connection afterwards whether it
/// has failed; if so, the answer means nothing.
namespace moorgate::meta::queries {

Result<ManifestRecord> find_manifest(Connection& db, const oci::RepositoryName& repository,
                                     const oci::Reference& reference);
Result<Page> tags(Connection& db, const oci::RepositoryName& repository, const PageRequest& page);
Result<Page> repositories(Connection& db, const PageRequest& page);
Result<std::vector<oci::Descriptor>> referrers(Connection& db,
                                               const oci::RepositoryName& repository,
                                               const oci::Digest& subject,
                                               const std::string& artifact_type);
Result<std::uint64_t> find_blob(Connection& db, const oci::RepositoryName& repository,
                                const oci::Digest& digest);
Result<std::vector<oci::RepositoryName>> blob_holders(Connection& db, const oci::Digest& digest,
                                                      std::size_t limit);
Result<UploadRecord> find_upload(Connection& db, const oci::RepositoryName& repository,
                                 const std::string& id);
Result<std::vector<UploadRecord>> uploads(Connection& db, std::int64_t before);

}  // namespace moorgate::meta::queries
