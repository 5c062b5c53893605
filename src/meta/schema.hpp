#pragma once

#include "base/error.hpp"
#include "meta/sqlite.hpp"

/// The one file pair that knows the names of tables and columns: how they came to be (schema.cpp)
/// and every statement that is run against them. docs/storage.md says what each table is for.
namespace moorgate::meta {

/// What this program reads and writes. A database of a newer version is refused.
int schema_version() noexcept;

/// Brings the database to schema_version(), step by step, each step one transaction. The error is
/// for the operator.
Result<> migrate(Connection& connection);

namespace sql {

// ---- names ↔ numbers
inline constexpr char kRepositoryId[] = "SELECT id FROM repositories WHERE name = ?1";
inline constexpr char kAddRepository[] = "INSERT INTO repositories (name) VALUES (?1)";
inline constexpr char kDigestId[] = "SELECT id FROM digests WHERE value = ?1";
inline constexpr char kAddDigest[] = "INSERT INTO digests (value) VALUES (?1)";
inline constexpr char kMediaTypeId[] = "SELECT id FROM media_types WHERE name = ?1";
inline constexpr char kAddMediaType[] = "INSERT INTO media_types (name) VALUES (?1)";

// ---- reads. CROSS JOIN fixes the order of the loops, so that no statistics can turn a look-up
// into a scan.
inline constexpr char kManifestByTag[] =
    "SELECT d.value, mt.name, m.size FROM repositories AS r"
    " CROSS JOIN tags AS t ON t.repository = r.id AND t.name = ?2"
    " CROSS JOIN manifests AS m ON m.repository = r.id AND m.digest = t.digest"
    " CROSS JOIN digests AS d ON d.id = m.digest"
    " CROSS JOIN media_types AS mt ON mt.id = m.media_type"
    " WHERE r.name = ?1";
inline constexpr char kManifestByDigest[] =
    "SELECT d.value, mt.name, m.size FROM repositories AS r"
    " CROSS JOIN digests AS d ON d.value = ?2"
    " CROSS JOIN manifests AS m ON m.repository = r.id AND m.digest = d.id"
    " CROSS JOIN media_types AS mt ON mt.id = m.media_type"
    " WHERE r.name = ?1";
inline constexpr char kTagsPage[] =
    "SELECT name FROM tags WHERE repository = ?1 AND name > ?2 ORDER BY name LIMIT ?3";
inline constexpr char kRepositoriesPage[] =
    "SELECT name FROM repositories WHERE manifests > 0 AND name > ?1 ORDER BY name LIMIT ?2";
inline constexpr char kReferrers[] =
    "SELECT d.id, d.value, mt.name, m.size, at.name, r.id FROM repositories AS r"
    " CROSS JOIN digests AS s ON s.value = ?2"
    " CROSS JOIN manifest_references AS f"
    "   ON f.repository = r.id AND f.digest = s.id AND f.role = 3"
    " CROSS JOIN manifests AS m ON m.repository = r.id AND m.digest = f.manifest"
    " CROSS JOIN digests AS d ON d.id = m.digest"
    " CROSS JOIN media_types AS mt ON mt.id = m.media_type"
    " LEFT JOIN media_types AS at ON at.id = m.artifact_type"
    " WHERE r.name = ?1 AND (?3 = '' OR at.name = ?3) ORDER BY f.manifest";
inline constexpr char kAnnotations[] =
    "SELECT key, value FROM manifest_annotations"
    " WHERE repository = ?1 AND manifest = ?2 ORDER BY position";
/// A manifest's bytes are a blob as well.
inline constexpr char kFindBlob[] =
    "SELECT l.size FROM repositories AS r"
    " CROSS JOIN digests AS d ON d.value = ?2"
    " CROSS JOIN blob_links AS l ON l.repository = r.id AND l.digest = d.id WHERE r.name = ?1"
    " UNION ALL"
    " SELECT m.size FROM repositories AS r"
    " CROSS JOIN digests AS d ON d.value = ?2"
    " CROSS JOIN manifests AS m ON m.repository = r.id AND m.digest = d.id WHERE r.name = ?1"
    " LIMIT 1";
inline constexpr char kBlobHolders[] =
    "SELECT r.name FROM digests AS d"
    " CROSS JOIN blob_links AS l ON l.digest = d.id"
    " CROSS JOIN repositories AS r ON r.id = l.repository"
    " WHERE d.value = ?1 LIMIT ?2";
inline constexpr char kFindUpload[] =
    "SELECT id, repository, owner, offset, algorithm, started, touched"
    " FROM upload_sessions WHERE id = ?1 AND repository = ?2";
inline constexpr char kUploadsBefore[] =
    "SELECT id, repository, owner, offset, algorithm, started, touched"
    " FROM upload_sessions WHERE touched < ?1 ORDER BY touched";

// ---- manifests
inline constexpr char kHasManifest[] =
    "SELECT media_type FROM manifests WHERE repository = ?1 AND digest = ?2";
inline constexpr char kHasBlobLink[] =
    "SELECT 1 FROM blob_links WHERE repository = ?1 AND digest = ?2";
inline constexpr char kPutManifest[] =
    "INSERT INTO manifests"
    " (repository, digest, media_type, artifact_type, size, pushed_at, pushed_by)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET"
    " media_type = excluded.media_type, artifact_type = excluded.artifact_type,"
    " pushed_at = excluded.pushed_at, pushed_by = excluded.pushed_by";
inline constexpr char kDeleteManifest[] =
    "DELETE FROM manifests WHERE repository = ?1 AND digest = ?2";
inline constexpr char kCountManifests[] =
    "UPDATE repositories SET manifests = manifests + ?2 WHERE id = ?1";
inline constexpr char kAddReference[] =
    "INSERT INTO manifest_references (repository, manifest, digest, role, required)"
    " VALUES (?1, ?2, ?3, ?4, ?5)"
    " ON CONFLICT DO UPDATE SET required = max(required, excluded.required)";
inline constexpr char kDeleteReferences[] =
    "DELETE FROM manifest_references WHERE repository = ?1 AND manifest = ?2";
inline constexpr char kAddAnnotation[] =
    "INSERT INTO manifest_annotations (repository, manifest, position, key, value)"
    " VALUES (?1, ?2, ?3, ?4, ?5)";
inline constexpr char kDeleteAnnotations[] =
    "DELETE FROM manifest_annotations WHERE repository = ?1 AND manifest = ?2";

// ---- tags
inline constexpr char kTagDigest[] =
    "SELECT t.digest, d.value FROM tags AS t CROSS JOIN digests AS d ON d.id = t.digest"
    " WHERE t.repository = ?1 AND t.name = ?2";
inline constexpr char kPutTag[] =
    "INSERT INTO tags (repository, name, digest) VALUES (?1, ?2, ?3)"
    " ON CONFLICT DO UPDATE SET digest = excluded.digest";
inline constexpr char kDeleteTag[] = "DELETE FROM tags WHERE repository = ?1 AND name = ?2";
inline constexpr char kDeleteTagsOf[] = "DELETE FROM tags WHERE repository = ?1 AND digest = ?2";
inline constexpr char kAddHistory[] =
    "INSERT INTO tag_history (repository, tag, from_digest, to_digest, changed_at, changed_by)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
inline constexpr char kAddHistoryOfTagsOf[] =
    "INSERT INTO tag_history (repository, tag, from_digest, to_digest, changed_at, changed_by)"
    " SELECT repository, name, digest, NULL, ?3, ?4 FROM tags"
    " WHERE repository = ?1 AND digest = ?2";

// ---- blob links
inline constexpr char kPutBlobLink[] =
    "INSERT INTO blob_links (repository, digest, size, linked_at) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT DO UPDATE SET size = excluded.size, linked_at = excluded.linked_at";
inline constexpr char kDeleteBlobLink[] =
    "DELETE FROM blob_links WHERE repository = (SELECT id FROM repositories WHERE name = ?1)"
    " AND digest = (SELECT id FROM digests WHERE value = ?2)";

// ---- upload sessions
inline constexpr char kPutUpload[] =
    "INSERT INTO upload_sessions (id, repository, owner, offset, algorithm, started, touched)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
inline constexpr char kTouchUpload[] =
    "UPDATE upload_sessions SET offset = ?2, touched = ?3 WHERE id = ?1";
inline constexpr char kDeleteUpload[] = "DELETE FROM upload_sessions WHERE id = ?1";

// ---- Distribution's links
inline constexpr char kLinksMode[] = "SELECT mode FROM distribution_links";
inline constexpr char kSetLinksMode[] = "UPDATE distribution_links SET mode = ?1";
inline constexpr char kLinkJournal[] =
    "SELECT id, kind, present, repository, tag, digest, changed_at FROM link_journal"
    " WHERE id > ?1 ORDER BY id";
inline constexpr char kForgetLinks[] = "DELETE FROM link_journal WHERE id <= ?1";

// ---- whole repositories, for a tree that is adopted or given back
inline constexpr char kAllRepositories[] = "SELECT name FROM repositories ORDER BY name";
inline constexpr char kManifestsOf[] =
    "SELECT d.value FROM manifests AS m CROSS JOIN digests AS d ON d.id = m.digest"
    " WHERE m.repository = ?1";
inline constexpr char kBlobLinksOf[] =
    "SELECT d.value, l.size FROM blob_links AS l CROSS JOIN digests AS d ON d.id = l.digest"
    " WHERE l.repository = ?1";
inline constexpr char kTagsOf[] =
    "SELECT t.name, d.value FROM tags AS t CROSS JOIN digests AS d ON d.id = t.digest"
    " WHERE t.repository = ?1";

}  // namespace sql
}  // namespace moorgate::meta
