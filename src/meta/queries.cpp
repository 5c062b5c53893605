#include "meta/queries.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "meta/digest_key.hpp"
#include "meta/schema.hpp"

namespace moorgate::meta::queries {
namespace {

// One name more than asked for tells whether there is more; the bound keeps a wild limit from
// overflowing.
constexpr std::size_t kPageLimit = 100'000;

std::optional<std::int64_t> repository_id(Connection& db, const oci::RepositoryName& repository) {
  Query row = db.query(sql::kRepositoryId, repository.text());
  return row.next() ? std::optional(row.integer(0)) : std::nullopt;
}

std::unexpected<Error> no_repository(const oci::RepositoryName& repository) {
  return failure(Code::name_unknown, "there is no repository " + repository.text());
}

std::optional<oci::Digest> digest_at(Connection& db, const Query& row, int column) {
  auto digest = digest_from_key(row.text(column));
  if (!digest) db.report_damage("a digest is malformed");
  return digest;
}

/// The names of `rows`, of which `limit` + 1 were asked for.
Page page_of(Query& rows, std::size_t limit) {
  Page page;
  while (rows.next()) {
    if (page.names.size() == limit) {
      page.more = limit > 0;
      break;
    }
    page.names.emplace_back(rows.text(0));
  }
  return page;
}

void read_annotations(Connection& db, std::int64_t repository, std::int64_t manifest,
                      oci::Descriptor& into) {
  Query row = db.query(sql::kAnnotations, repository, manifest);
  while (row.next()) into.annotations.emplace_back(row.text(0), row.text(1));
}

std::optional<UploadRecord> upload_at(Connection& db, const Query& row) {
  auto repository = oci::RepositoryName::parse(row.text(1));
  if (!repository) {
    db.report_damage("an upload session's repository is malformed");
    return std::nullopt;
  }
  UploadRecord upload{.id = std::string(row.text(0)),
                      .repository = std::move(*repository),
                      .owner = std::string(row.text(2)),
                      .offset = static_cast<std::uint64_t>(row.integer(3)),
                      .started = row.integer(5),
                      .touched = row.integer(6)};
  if (const auto algorithm = oci::parse_algorithm(row.text(4))) upload.algorithm = *algorithm;
  return upload;
}

}  // namespace

Result<ManifestRecord> find_manifest(Connection& db, const oci::RepositoryName& repository,
                                     const oci::Reference& reference) {
  const oci::Digest* const digest = reference.digest();
  const std::string key = digest != nullptr ? digest_key(*digest) : std::string();
  Query row = digest != nullptr
                  ? db.query(sql::kManifestByDigest, repository.text(), Bytes{key})
                  : db.query(sql::kManifestByTag, repository.text(), reference.text());
  if (row.next()) {
    auto found = digest_at(db, row, 0);
    if (!found) return failure(Code::internal, {});
    return ManifestRecord{.digest = std::move(*found),
                          .media_type = std::string(row.text(1)),
                          .size = static_cast<std::uint64_t>(row.integer(2))};
  }
  if (!repository_id(db, repository)) return no_repository(repository);
  return failure(Code::manifest_unknown,
                 "repository " + repository.text() + " has no manifest " + reference.text());
}

Result<Page> tags(Connection& db, const oci::RepositoryName& repository, const PageRequest& page) {
  const auto id = repository_id(db, repository);
  if (!id) return no_repository(repository);
  const std::size_t limit = std::min(page.limit, kPageLimit);
  Query rows = db.query(sql::kTagsPage, *id, page.after, limit + 1);
  return page_of(rows, limit);
}

Result<Page> repositories(Connection& db, const PageRequest& page) {
  const std::size_t limit = std::min(page.limit, kPageLimit);
  Query rows = db.query(sql::kRepositoriesPage, page.after, limit + 1);
  return page_of(rows, limit);
}

Result<std::vector<oci::Descriptor>> referrers(Connection& db,
                                               const oci::RepositoryName& repository,
                                               const oci::Digest& subject,
                                               const std::string& artifact_type) {
  std::vector<oci::Descriptor> found;
  Query row =
      db.query(sql::kReferrers, repository.text(), Bytes{digest_key(subject)}, artifact_type);
  while (row.next()) {
    auto digest = digest_at(db, row, 1);
    if (!digest) break;
    auto& referrer =
        found.emplace_back(oci::Descriptor{.media_type = std::string(row.text(2)),
                                           .digest = std::move(*digest),
                                           .size = static_cast<std::uint64_t>(row.integer(3)),
                                           .artifact_type = std::string(row.text(4))});
    // While the outer statement runs, both read the same snapshot.
    read_annotations(db, row.integer(5), row.integer(0), referrer);
  }
  return found;
}

Result<std::uint64_t> find_blob(Connection& db, const oci::RepositoryName& repository,
                                const oci::Digest& digest) {
  Query row = db.query(sql::kFindBlob, repository.text(), Bytes{digest_key(digest)});
  if (row.next()) return static_cast<std::uint64_t>(row.integer(0));
  return failure(Code::blob_unknown,
                 "repository " + repository.text() + " has no blob " + digest.text());
}

Result<std::vector<oci::RepositoryName>> blob_holders(Connection& db, const oci::Digest& digest,
                                                      std::size_t limit) {
  std::vector<oci::RepositoryName> holders;
  Query row = db.query(sql::kBlobHolders, Bytes{digest_key(digest)}, std::min(limit, kPageLimit));
  while (row.next()) {
    auto name = oci::RepositoryName::parse(row.text(0));
    if (!name) {
      db.report_damage("a repository's name is malformed");
      break;
    }
    holders.push_back(std::move(*name));
  }
  return holders;
}

Result<UploadRecord> find_upload(Connection& db, const oci::RepositoryName& repository,
                                 const std::string& id) {
  Query row = db.query(sql::kFindUpload, id, repository.text());
  if (row.next()) {
    if (auto upload = upload_at(db, row)) return std::move(*upload);
  }
  return failure(Code::blob_upload_unknown,
                 "there is no upload session " + id + " in repository " + repository.text());
}

Result<std::vector<UploadRecord>> uploads(Connection& db, std::int64_t before) {
  std::vector<UploadRecord> found;
  Query row = db.query(sql::kUploadsBefore, before);
  while (row.next()) {
    auto upload = upload_at(db, row);
    if (!upload) break;
    found.push_back(std::move(*upload));
  }
  return found;
}

}  // namespace moorgate::meta::queries
