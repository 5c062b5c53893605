#include "meta/tree_changes.hpp"

#include <optional>

#include "meta/changes.hpp"
#include "meta/digest_key.hpp"
#include "meta/schema.hpp"

namespace moorgate::meta {
namespace {

using Number = std::optional<std::int64_t>;

std::optional<oci::Digest> digest_at(Connection& db, const Query& row, int column) {
  auto digest = digest_from_key(row.text(column));
  if (!digest) db.report_damage("a digest is malformed");
  return digest;
}

void adopt_tag(Connection& db, std::int64_t repository, const RepositoryChanges::TagMove& tag) {
  Number before;
  if (Query row = db.query(sql::kTagDigest, repository, tag.tag); row.next()) {
    before = row.integer(0);
  }
  for (const auto& [at, digest] : tag.moves) {
    const Number to = changes::number_of(db, digest);
    if (to == before) continue;
    db.run(sql::kAddHistory, repository, tag.tag, before, to, at, std::string_view());
    before = to;
  }
  if (before) db.run(sql::kPutTag, repository, tag.tag, *before);
}

void drop_gone(Connection& db, const oci::RepositoryName& repository, const RepositoryContent& gone,
               std::int64_t now) {
  // What is gone already (the tags of a manifest) is no mistake here.
  for (const auto& [name, digest] : gone.tags) {
    if (const auto tag = oci::Tag::parse(name)) {
      std::ignore = changes::delete_tag(db, repository, *tag, {}, {}, now);
    }
  }
  for (const auto& digest : gone.manifests) {
    std::ignore = changes::delete_manifest(db, repository, digest, {}, {}, now);
  }
  for (const auto& [digest, size] : gone.blobs) {
    std::ignore = changes::unlink_blob(db, repository, digest);
  }
}

}  // namespace

void changes::adopt(Connection& db, const oci::RepositoryName& repository,
                    const RepositoryChanges& all, std::int64_t now) {
  const std::int64_t id = number_of(db, repository);
  for (const auto& blob : all.blobs) {
    db.run(sql::kPutBlobLink, id, number_of(db, blob.digest), blob.size, blob.linked_at);
  }
  for (const auto& link : all.manifests) add_manifest(db, link.manifest, id, link.pushed_at);
  for (const auto& tag : all.tags) adopt_tag(db, id, tag);
  drop_gone(db, repository, all.gone, now);
}

RepositoryContent queries::content(Connection& db, const std::string& repository) {
  RepositoryContent content;
  Number id;
  if (Query row = db.query(sql::kRepositoryId, repository); row.next()) id = row.integer(0);
  if (!id) return content;
  Query manifest = db.query(sql::kManifestsOf, *id);
  while (manifest.next()) {
    if (auto digest = digest_at(db, manifest, 0)) content.manifests.insert(std::move(*digest));
  }
  Query blob = db.query(sql::kBlobLinksOf, *id);
  while (blob.next()) {
    if (auto digest = digest_at(db, blob, 0)) {
      content.blobs.emplace(std::move(*digest), static_cast<std::uint64_t>(blob.integer(1)));
    }
  }
  Query tag = db.query(sql::kTagsOf, *id);
  while (tag.next()) {
    if (auto digest = digest_at(db, tag, 1)) {
      content.tags.emplace(std::string(tag.text(0)), std::move(*digest));
    }
  }
  return content;
}

}  // namespace moorgate::meta
