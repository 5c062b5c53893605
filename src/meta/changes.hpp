#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "meta/metadata_store.hpp"
#include "meta/sqlite.hpp"

/// The write verbs of MetadataStore, each one unit of work inside a transaction that the writer has
/// begun and rolls back if the verb fails. Contracts are those of the verbs of the same name; a
/// verb may be run again after its transaction was lost. `now` is in Unix seconds.
namespace moorgate::meta::changes {

/// The row of a name or a digest, made if need be.
std::int64_t number_of(Connection& db, const oci::RepositoryName& repository);
std::int64_t number_of(Connection& db, const oci::Digest& digest);

Result<> put_manifest(Connection& db, const NewManifest& manifest, std::int64_t now);
/// Manifest, references and annotations, whether or not what they name is there. Its row.
std::int64_t add_manifest(Connection& db, const NewManifest& manifest, std::int64_t repository,
                          std::int64_t now);
Result<> delete_manifest(Connection& db, const oci::RepositoryName& repository,
                         const oci::Digest& digest, const Precondition& precondition,
                         const std::string& deleted_by, std::int64_t now);
Result<> delete_tag(Connection& db, const oci::RepositoryName& repository, const oci::Tag& tag,
                    const Precondition& precondition, const std::string& deleted_by,
                    std::int64_t now);

Result<> link_blob(Connection& db, const oci::RepositoryName& repository, const oci::Digest& digest,
                   std::uint64_t size, std::int64_t now);
Result<> unlink_blob(Connection& db, const oci::RepositoryName& repository,
                     const oci::Digest& digest);

Result<> create_upload(Connection& db, const UploadRecord& upload);
Result<> touch_upload(Connection& db, const std::string& id, std::uint64_t offset,
                      std::int64_t now);
Result<> remove_upload(Connection& db, const std::string& id);

}  // namespace moorgate::meta::changes
