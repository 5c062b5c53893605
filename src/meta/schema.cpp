#include "meta/schema.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace moorgate::meta {
namespace {

/// "Moor": tells a database of ours from any other SQLite file.
constexpr std::int64_t kApplicationId = 0x4d6f6f72;

/// Step n brings version n to n + 1. A step that has been released is never edited.
///
/// Digests and media types are numbered once and meant by their number everywhere else: a digest
/// takes 33 bytes plus its index entry instead of 71 in each of six tables.
constexpr std::array<const char*, 2> kSteps = {
    R"sql(
CREATE TABLE repositories (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  manifests INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX repositories_listed ON repositories (name) WHERE manifests > 0;

CREATE TABLE digests (
  id INTEGER PRIMARY KEY,
  value BLOB NOT NULL UNIQUE
) STRICT;

CREATE TABLE media_types (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE manifests (
  repository INTEGER NOT NULL,
  digest INTEGER NOT NULL,
  media_type INTEGER NOT NULL,
  artifact_type INTEGER,
  size INTEGER NOT NULL,
  pushed_at INTEGER NOT NULL,
  pushed_by TEXT NOT NULL,
  PRIMARY KEY (repository, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX manifests_by_digest ON manifests (digest);

CREATE TABLE manifest_references (
  repository INTEGER NOT NULL,
  manifest INTEGER NOT NULL,
  digest INTEGER NOT NULL,
  role INTEGER NOT NULL,
  required INTEGER NOT NULL,
  PRIMARY KEY (repository, manifest, digest, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX manifest_references_by_digest ON manifest_references (repository, digest, role);

CREATE TABLE manifest_annotations (
  repository INTEGER NOT NULL,
  manifest INTEGER NOT NULL,
  position INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (repository, manifest, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
  repository INTEGER NOT NULL,
  name TEXT NOT NULL,
  digest INTEGER NOT NULL,
  PRIMARY KEY (repository, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_by_digest ON tags (repository, digest);

CREATE TABLE tag_history (
  id INTEGER PRIMARY KEY,
  repository INTEGER NOT NULL,
  tag TEXT NOT NULL,
  from_digest INTEGER,
  to_digest INTEGER,
  changed_at INTEGER NOT NULL,
  changed_by TEXT NOT NULL
) STRICT;
CREATE INDEX tag_history_by_tag ON tag_history (repository, tag);

CREATE TABLE blob_links (
  repository INTEGER NOT NULL,
  digest INTEGER NOT NULL,
  size INTEGER NOT NULL,
  linked_at INTEGER NOT NULL,
  PRIMARY KEY (repository, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_links_by_digest ON blob_links (digest);

CREATE TABLE upload_sessions (
  id TEXT PRIMARY KEY NOT NULL,
  repository TEXT NOT NULL,
  owner TEXT NOT NULL,
  offset INTEGER NOT NULL,
  algorithm TEXT NOT NULL,
  started INTEGER NOT NULL,
  touched INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_sessions_by_touched ON upload_sessions (touched);
)sql",
    // Triggers, so that no verb, present or future, can change a link without a row in the journal.
    R"sql(
CREATE TABLE distribution_links (
  mode INTEGER NOT NULL
) STRICT;
INSERT INTO distribution_links (mode) VALUES (0);

CREATE TABLE link_journal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,
  present INTEGER NOT NULL,
  repository TEXT NOT NULL,
  tag TEXT NOT NULL,
  digest BLOB NOT NULL,
  changed_at INTEGER NOT NULL
    DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
) STRICT;

CREATE TRIGGER journal_new_blob_link AFTER INSERT ON blob_links
WHEN (SELECT mode FROM distribution_links) = 3 BEGIN
  INSERT INTO link_journal (kind, present, repository, tag, digest) SELECT 0, 1, r.name, '', d.value
    FROM repositories AS r, digests AS d WHERE r.id = NEW.repository AND d.id = NEW.digest;
END;
CREATE TRIGGER journal_old_blob_link AFTER DELETE ON blob_links
WHEN (SELECT mode FROM distribution_links) = 3 BEGIN
  INSERT INTO link_journal (kind, present, repository, tag, digest) SELECT 0, 0, r.name, '', d.value
    FROM repositories AS r, digests AS d WHERE r.id = OLD.repository AND d.id = OLD.digest;
END;
CREATE TRIGGER journal_new_manifest AFTER INSERT ON manifests
WHEN (SELECT mode FROM distribution_links) = 3 BEGIN
  INSERT INTO link_journal (kind, present, repository, tag, digest) SELECT 1, 1, r.name, '', d.value
    FROM repositories AS r, digests AS d WHERE r.id = NEW.repository AND d.id = NEW.digest;
END;
CREATE TRIGGER journal_old_manifest AFTER DELETE ON manifests
WHEN (SELECT mode FROM distribution_links) = 3 BEGIN
  INSERT INTO link_journal (kind, present, repository, tag, digest) SELECT 1, 0, r.name, '', d.value
    FROM repositories AS r, digests AS d WHERE r.id = OLD.repository AND d.id = OLD.digest;
END;
CREATE TRIGGER journal_new_tag AFTER INSERT ON tags
WHEN (SELECT mode FROM distribution_links) = 3 BEGIN
  INSERT INTO link_journal (kind, present, repository, tag, digest)
    SELECT 2, 1, r.name, NEW.name, d.value
    FROM repositories AS r, digests AS d WHERE r.id = NEW.repository AND d.id = NEW.digest;
END;
CREATE TRIGGER journal_moved_tag AFTER UPDATE OF digest ON tags
WHEN (SELECT mode FROM distribution_links) = 3 BEGIN
  INSERT INTO link_journal (kind, present, repository, tag, digest)
    SELECT 2, 1, r.name, NEW.name, d.value
    FROM repositories AS r, digests AS d WHERE r.id = NEW.repository AND d.id = NEW.digest;
END;
CREATE TRIGGER journal_old_tag AFTER DELETE ON tags
WHEN (SELECT mode FROM distribution_links) = 3 BEGIN
  INSERT INTO link_journal (kind, present, repository, tag, digest)
    SELECT 2, 0, r.name, OLD.name, d.value
    FROM repositories AS r, digests AS d WHERE r.id = OLD.repository AND d.id = OLD.digest;
END;
)sql",
};

std::int64_t number(Connection& connection, const char* sql) {
  Query query = connection.query(sql);
  return query.next() ? query.integer(0) : 0;
}

Result<> refuse_foreign(Connection& connection) {
  static constexpr char kId[] = "PRAGMA application_id";
  static constexpr char kTables[] = "SELECT count(*) FROM sqlite_schema";
  const bool ours = number(connection, kId) == kApplicationId;
  if (ours || number(connection, kTables) == 0) return {};
  return failure(Code::internal, "it is a database of some other program");
}

Result<> take_step(Connection& connection, int version) {
  const std::string next = std::to_string(version + 1);
  connection.execute("BEGIN IMMEDIATE");
  connection.execute(kSteps[static_cast<std::size_t>(version)]);
  connection.execute(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
  connection.execute(("PRAGMA user_version = " + next).c_str());
  connection.execute("COMMIT");
  if (!connection.failed()) return {};
  Error error = connection.take_failure();
  if (connection.in_transaction()) connection.execute("ROLLBACK");
  error.detail.append(" while upgrading it to version ").append(next);
  return failure(std::move(error));
}

}  // namespace

int schema_version() noexcept {
  return static_cast<int>(kSteps.size());
}

Result<> migrate(Connection& connection) {
  static constexpr char kVersion[] = "PRAGMA user_version";
  if (auto checked = refuse_foreign(connection); !checked) return checked;
  const std::int64_t found = number(connection, kVersion);
  if (connection.failed()) return failure(connection.take_failure());
  if (found > schema_version()) {
    return failure(Code::internal, "it was written by a newer Moorgate (version " +
                                       std::to_string(found) + ", this program knows " +
                                       std::to_string(schema_version()) +
                                       "): run that version again, or restore an older backup");
  }
  for (auto version = static_cast<int>(found); version < schema_version(); ++version) {
    if (auto step = take_step(connection, version); !step) return step;
  }
  return {};
}

}  // namespace moorgate::meta
