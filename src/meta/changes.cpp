#include "meta/changes.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "meta/digest_key.hpp"
#include "meta/schema.hpp"

namespace moorgate::meta::changes {
namespace {

constexpr std::size_t kNamedInMessage = 8;

/// On disk: never renumbered (kReferrers names the subject's).
int role_number(oci::Role role) {
  switch (role) {
    case oci::Role::config:
      return 0;
    case oci::Role::layer:
      return 1;
    case oci::Role::child:
      return 2;
    case oci::Role::subject:
      return 3;
  }
  return -1;
}

template <class Value>
std::optional<std::int64_t> find_number(Connection& db, const char* find, const Value& value) {
  Query row = db.query(find, value);
  return row.next() ? std::optional(row.integer(0)) : std::nullopt;
}

template <class Value>
std::int64_t find_or_add(Connection& db, const char* find, const char* add, const Value& value) {
  if (const auto known = find_number(db, find, value)) return *known;
  db.run(add, value);
  return db.last_id();
}

std::int64_t media_type_number(Connection& db, const std::string& media_type) {
  return find_or_add(db, sql::kMediaTypeId, sql::kAddMediaType, media_type);
}

bool exists(Connection& db, const char* sql, std::int64_t repository, std::int64_t digest) {
  Query row = db.query(sql, repository, digest);
  return row.next();
}

std::optional<std::int64_t> known_digest(Connection& db, const oci::Digest& digest) {
  const std::string key = digest_key(digest);
  return find_number(db, sql::kDigestId, Bytes{key});
}

std::unexpected<Error> no_manifest(const oci::RepositoryName& repository, const std::string& what) {
  return failure(Code::manifest_unknown,
                 "repository " + repository.text() + " has no manifest " + what);
}

Result<std::int64_t> known_repository(Connection& db, const oci::RepositoryName& repository) {
  if (const auto id = find_number(db, sql::kRepositoryId, repository.text())) return *id;
  return failure(Code::name_unknown, "there is no repository " + repository.text());
}

// ---- preconditions

struct CurrentTag {
  std::int64_t number = 0;
  oci::Digest digest;
};

std::optional<CurrentTag> current_tag(Connection& db, std::int64_t repository,
                                      const oci::Tag& tag) {
  Query row = db.query(sql::kTagDigest, repository, tag.text());
  if (!row.next()) return std::nullopt;
  auto digest = digest_from_key(row.text(1));
  if (!digest) {
    db.report_damage("a digest is malformed");
    return std::nullopt;
  }
  return CurrentTag{row.integer(0), std::move(*digest)};
}

Result<> insist(const Precondition& precondition, const std::string& what,
                const oci::Digest* current) {
  const auto refuse = [&what](const std::string& reason) {
    return failure(Code::precondition_failed, what + " " + reason);
  };
  if (current == nullptr) {
    const bool wanted = precondition.any_existing || !precondition.match.empty();
    return wanted ? refuse("does not exist") : Result<>{};
  }
  if (precondition.absent) return refuse("exists already and is " + current->text());
  if (!precondition.match.empty() &&
      std::ranges::find(precondition.match, *current) == precondition.match.end()) {
    return refuse("is " + current->text() + " now, which is none of those asked for");
  }
  return {};
}

Result<> insist_on_target(Connection& db, const NewManifest& push, std::int64_t repository) {
  if (push.precondition.empty()) return {};
  if (push.tags.empty()) {
    const auto digest = known_digest(db, push.digest);
    const bool there = digest && exists(db, sql::kHasManifest, repository, *digest);
    return insist(push.precondition, "manifest " + push.digest.text(),
                  there ? &push.digest : nullptr);
  }
  for (const auto& tag : push.tags) {
    const auto current = current_tag(db, repository, tag);
    auto met = insist(push.precondition, "tag " + tag.text(), current ? &current->digest : nullptr);
    if (!met) return met;
  }
  return {};
}

// ---- what a manifest names

bool has_target(Connection& db, std::int64_t repository, const oci::ManifestLink& link) {
  const auto digest = known_digest(db, link.descriptor.digest);
  if (!digest) return false;
  if (exists(db, sql::kHasManifest, repository, *digest)) return true;
  return link.role != oci::Role::child && exists(db, sql::kHasBlobLink, repository, *digest);
}

Result<> insist_on_links(Connection& db, const NewManifest& push, std::int64_t repository) {
  std::string missing;
  std::size_t count = 0;
  for (const auto& link : push.manifest.links) {
    if (!link.required || has_target(db, repository, link)) continue;
    if (++count > kNamedInMessage) continue;
    missing.append(count == 1 ? "" : ", ").append(link.descriptor.digest.text());
  }
  if (count == 0) return {};
  if (count > kNamedInMessage) {
    missing.append(" and ").append(std::to_string(count - kNamedInMessage)).append(" more");
  }
  return failure(Code::manifest_blob_unknown, "the manifest names what repository " +
                                                  push.repository.text() +
                                                  " does not have: " + missing);
}

void add_links(Connection& db, const NewManifest& push, std::int64_t repository,
               std::int64_t manifest) {
  for (const auto& link : push.manifest.links) {
    db.run(sql::kAddReference, repository, manifest, number_of(db, link.descriptor.digest),
           role_number(link.role), link.required);
  }
  // Only the referrers list ever shows annotations.
  if (push.manifest.subject() == nullptr) return;
  std::int64_t position = 0;
  for (const auto& [key, value] : push.manifest.annotations) {
    db.run(sql::kAddAnnotation, repository, manifest, position++, key, value);
  }
}

void remove_links(Connection& db, std::int64_t repository, std::int64_t manifest) {
  db.run(sql::kDeleteReferences, repository, manifest);
  db.run(sql::kDeleteAnnotations, repository, manifest);
}

void put_tag(Connection& db, const NewManifest& push, std::int64_t repository,
             std::int64_t manifest, const oci::Tag& tag, std::int64_t now) {
  const auto current = current_tag(db, repository, tag);
  // A push that changes nothing is no event in the tag's history.
  if (current && current->number == manifest) return;
  const auto from = current ? std::optional(current->number) : std::nullopt;
  db.run(sql::kPutTag, repository, tag.text(), manifest);
  db.run(sql::kAddHistory, repository, tag.text(), from, manifest, now, push.pushed_by);
}

}  // namespace

std::int64_t number_of(Connection& db, const oci::RepositoryName& repository) {
  return find_or_add(db, sql::kRepositoryId, sql::kAddRepository, repository.text());
}

std::int64_t number_of(Connection& db, const oci::Digest& digest) {
  const std::string key = digest_key(digest);
  return find_or_add(db, sql::kDigestId, sql::kAddDigest, Bytes{key});
}

std::int64_t add_manifest(Connection& db, const NewManifest& push, std::int64_t repository,
                          std::int64_t now) {
  const std::int64_t manifest = number_of(db, push.digest);
  const std::int64_t media_type = media_type_number(db, push.manifest.media_type);
  std::optional<std::int64_t> artifact_type;
  if (!push.manifest.artifact_type.empty()) {
    artifact_type = media_type_number(db, push.manifest.artifact_type);
  }
  std::optional<std::int64_t> earlier;
  if (Query row = db.query(sql::kHasManifest, repository, manifest); row.next()) {
    earlier = row.integer(0);
  }
  db.run(sql::kPutManifest, repository, manifest, media_type, artifact_type, push.size, now,
         push.pushed_by);
  if (!earlier) db.run(sql::kCountManifests, repository, 1);
  // The same bytes name the same things, unless they were read as another media type.
  if (earlier != media_type) {
    if (earlier) remove_links(db, repository, manifest);
    add_links(db, push, repository, manifest);
  }
  return manifest;
}

Result<> put_manifest(Connection& db, const NewManifest& push, std::int64_t now) {
  const std::int64_t repository = number_of(db, push.repository);
  if (auto met = insist_on_target(db, push, repository); !met) return met;
  if (auto complete = insist_on_links(db, push, repository); !complete) return complete;
  const std::int64_t manifest = add_manifest(db, push, repository, now);
  for (const auto& tag : push.tags) put_tag(db, push, repository, manifest, tag, now);
  return {};
}

Result<> delete_manifest(Connection& db, const oci::RepositoryName& repository,
                         const oci::Digest& digest, const Precondition& precondition,
                         const std::string& deleted_by, std::int64_t now) {
  const auto id = known_repository(db, repository);
  if (!id) return failure(id.error());
  const auto manifest = known_digest(db, digest);
  if (!manifest || !exists(db, sql::kHasManifest, *id, *manifest)) {
    return no_manifest(repository, digest.text());
  }
  if (auto met = insist(precondition, "manifest " + digest.text(), &digest); !met) return met;
  db.run(sql::kAddHistoryOfTagsOf, *id, *manifest, now, deleted_by);
  db.run(sql::kDeleteTagsOf, *id, *manifest);
  remove_links(db, *id, *manifest);
  db.run(sql::kDeleteManifest, *id, *manifest);
  db.run(sql::kCountManifests, *id, -1);
  return {};
}

Result<> delete_tag(Connection& db, const oci::RepositoryName& repository, const oci::Tag& tag,
                    const Precondition& precondition, const std::string& deleted_by,
                    std::int64_t now) {
  const auto id = known_repository(db, repository);
  if (!id) return failure(id.error());
  const auto current = current_tag(db, *id, tag);
  if (!current) return no_manifest(repository, tag.text());
  if (auto met = insist(precondition, "tag " + tag.text(), &current->digest); !met) return met;
  db.run(sql::kDeleteTag, *id, tag.text());
  db.run(sql::kAddHistory, *id, tag.text(), std::optional(current->number),
         std::optional<std::int64_t>(), now, deleted_by);
  return {};
}

Result<> link_blob(Connection& db, const oci::RepositoryName& repository, const oci::Digest& digest,
                   std::uint64_t size, std::int64_t now) {
  const std::int64_t id = number_of(db, repository);
  db.run(sql::kPutBlobLink, id, number_of(db, digest), size, now);
  return {};
}

Result<> unlink_blob(Connection& db, const oci::RepositoryName& repository,
                     const oci::Digest& digest) {
  const std::string key = digest_key(digest);
  if (db.run(sql::kDeleteBlobLink, repository.text(), Bytes{key}) > 0 || db.failed()) return {};
  return failure(Code::blob_unknown,
                 "repository " + repository.text() + " has no blob " + digest.text());
}

Result<> create_upload(Connection& db, const UploadRecord& upload) {
  const std::string_view algorithm =
      upload.algorithm ? oci::to_string(*upload.algorithm) : std::string_view();
  db.run(sql::kPutUpload, upload.id, upload.repository.text(), upload.owner, upload.offset,
         algorithm, upload.started, upload.touched);
  return {};
}

Result<> touch_upload(Connection& db, const std::string& id, std::uint64_t offset,
                      std::int64_t now) {
  db.run(sql::kTouchUpload, id, offset, now);
  return {};
}

Result<> remove_upload(Connection& db, const std::string& id) {
  db.run(sql::kDeleteUpload, id);
  return {};
}

}  // namespace moorgate::meta::changes
