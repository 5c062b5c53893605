#include "meta/tree_metadata.hpp"

#include <chrono>
#include <limits>
#include <utility>

#include "meta/link_journal.hpp"
#include "meta/schema.hpp"
#include "meta/sqlite_metadata.hpp"

namespace moorgate::meta {
namespace {

constexpr char kBegin[] = "BEGIN IMMEDIATE";
constexpr char kCommit[] = "COMMIT";
/// Rows per transaction: enough that its end costs little, few enough that the log stays small.
constexpr std::size_t kBatch = 50'000;

std::int64_t unix_now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count();
}

}  // namespace

Result<std::unique_ptr<TreeMetadata>> TreeMetadata::open(const std::filesystem::path& file) {
  auto connection = open_database(file);
  if (!connection) return failure(std::move(connection).error());
  (*connection)->execute("PRAGMA cache_size = -131072; PRAGMA synchronous = NORMAL");
  return std::unique_ptr<TreeMetadata>(new TreeMetadata(std::move(*connection)));
}

TreeMetadata::TreeMetadata(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}

TreeMetadata::~TreeMetadata() {
  if (connection_->in_transaction()) connection_->execute("ROLLBACK");
}

template <class Value>
Result<Value> TreeMetadata::unless_failed(Value value) {
  if (connection_->failed()) return failure(connection_->take_failure());
  return value;
}

Result<LinksMode> TreeMetadata::mode() {
  Query row = connection_->query(sql::kLinksMode);
  const std::int64_t number = row.next() ? row.integer(0) : 0;
  return unless_failed(static_cast<LinksMode>(number));
}

Result<> TreeMetadata::set_mode(LinksMode mode) {
  if (auto done = commit(); !done) return done;
  connection_->execute("PRAGMA synchronous = FULL");
  connection_->run(kBegin);
  connection_->run(sql::kSetLinksMode, static_cast<int>(mode));
  connection_->run(kCommit);
  connection_->execute("PRAGMA synchronous = NORMAL");
  if (connection_->failed()) return failure(connection_->take_failure());
  return {};
}

Result<std::vector<std::string>> TreeMetadata::repositories() {
  std::vector<std::string> names;
  Query row = connection_->query(sql::kAllRepositories);
  while (row.next()) names.emplace_back(row.text(0));
  return unless_failed(std::move(names));
}

Result<RepositoryContent> TreeMetadata::content(const std::string& repository) {
  auto found = queries::content(*connection_, repository);
  return unless_failed(std::move(found));
}

Result<> TreeMetadata::begin() {
  if (!connection_->in_transaction()) connection_->run(kBegin);
  if (connection_->failed()) return failure(connection_->take_failure());
  return {};
}

Result<> TreeMetadata::commit() {
  uncommitted_ = 0;
  if (connection_->in_transaction()) connection_->run(kCommit);
  if (connection_->failed()) return failure(connection_->take_failure());
  connection_->checkpoint();
  return {};
}

Result<> TreeMetadata::adopt(const oci::RepositoryName& repository,
                             const RepositoryChanges& changes) {
  if (auto begun = begin(); !begun) return begun;
  changes::adopt(*connection_, repository, changes, unix_now());
  if (connection_->failed()) return failure(connection_->take_failure());
  uncommitted_ += changes.blobs.size() + changes.manifests.size() + changes.tags.size() +
                  changes.gone.blobs.size() + changes.gone.manifests.size() +
                  changes.gone.tags.size();
  return uncommitted_ >= kBatch ? commit() : Result<>();
}

Result<std::vector<LinkChange>> TreeMetadata::journal() {
  auto changes = read_link_journal(*connection_, 0);
  return unless_failed(std::move(changes));
}

Result<> TreeMetadata::forget_journal() {
  forget_links(*connection_, std::numeric_limits<std::int64_t>::max());
  if (connection_->failed()) return failure(connection_->take_failure());
  return {};
}

}  // namespace moorgate::meta
