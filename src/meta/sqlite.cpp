#include "meta/sqlite.hpp"

#include <sqlite3.h>

#include <cassert>
#include <utility>

namespace moorgate::meta {
namespace {

constexpr int kBusyMilliseconds = 5000;

// Checkpoints are the writer's to time, after its answers are out, so SQLite's own are off. The log
// is cut back after a burst made it large.
constexpr const char* kCommonSettings =
    "PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;";
constexpr const char* kWriterSettings =
    "PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864;";
constexpr const char* kReaderSettings = "PRAGMA cache_size = -4096; PRAGMA query_only = ON;";

bool is_damage(int code) {
  return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

/// In WAL mode readers and the writer work side by side; without it (some network file systems)
/// every read would wait for every write, so it is demanded.
bool enter_wal_mode(Connection& connection) {
  static constexpr char kSql[] = "PRAGMA journal_mode = WAL";
  Query mode = connection.query(kSql);
  return mode.next() && mode.text(0) == "wal";
}

/// By itself each connection allocates 20 pages at its first read: 87 KiB, most of them never used.
void configure_library() {
  [[maybe_unused]] static const int once = sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
}

}  // namespace

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Query::next() {
  if (statement_ == nullptr || connection_.failed()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) connection_.fail(code, sqlite3_sql(statement_));
  return false;
}

std::int64_t Query::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string_view Query::text(int column) const {
  const void* const bytes = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return bytes == nullptr ? std::string_view{}
                          : std::string_view(static_cast<const char*>(bytes), size);
}

bool Query::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void Query::bind(std::int64_t value) {
  if (statement_ != nullptr) sqlite3_bind_int64(statement_, ++bound_, value);
}

void Query::bind(std::string_view text) {
  if (statement_ == nullptr) return;
  // A null pointer would bind NULL, and an empty view may hold one.
  sqlite3_bind_text64(statement_, ++bound_, text.empty() ? "" : text.data(), text.size(),
                      SQLITE_TRANSIENT, SQLITE_UTF8);
}

void Query::bind(Bytes bytes) {
  if (statement_ == nullptr) return;
  sqlite3_bind_blob64(statement_, ++bound_, bytes.value.data(), bytes.value.size(),
                      SQLITE_TRANSIENT);
}

void Query::bind(std::optional<std::int64_t> value) {
  if (value) {
    bind(*value);
  } else if (statement_ != nullptr) {
    sqlite3_bind_null(statement_, ++bound_);
  }
}

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& file, Use use) {
  configure_library();
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (use == Use::write ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Connection> connection(new Connection(handle, file, use));
  if (code != SQLITE_OK) {
    connection->fail(code, "open");
    return failure(connection->take_failure());
  }
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  connection->execute(kCommonSettings);
  if (use == Use::write && !enter_wal_mode(*connection) && !connection->failed()) {
    return failure(Code::internal, "the metadata database " + file.string() +
                                       " cannot use a write-ahead log; put it on a local disk, "
                                       "not on a network file system");
  }
  connection->execute(use == Use::write ? kWriterSettings : kReaderSettings);
  if (connection->failed()) return failure(connection->take_failure());
  return connection;
}

Connection::Connection(sqlite3* handle, std::filesystem::path file, Use use)
    : file_(std::move(file)), use_(use), handle_(handle) {
  if (handle_ == nullptr) return;
  const auto remember_pages = [](void* self, sqlite3*, const char*, int pages) {
    static_cast<Connection*>(self)->log_pages_ = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle_, remember_pages, this);
}

Connection::~Connection() {
  statements_.clear();
  sqlite3_close(handle_);
}

void Connection::execute(const char* script) {
  if (failed()) return;
  const int code = sqlite3_exec(handle_, script, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code, script);
}

std::int64_t Connection::last_id() const {
  return sqlite3_last_insert_rowid(handle_);
}

void Connection::checkpoint() {
  int left = 0;
  int moved = 0;
  // Failing is no harm: the log keeps everything, and the next commit reports a sick disk.
  const int code =
      sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &left, &moved);
  log_pages_ = code == SQLITE_OK ? left - moved : 0;
}

bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

Error Connection::take_failure() {
  assert(failure_);
  const Failure what = *std::exchange(failure_, std::nullopt);
  Error error{Code::internal, "the registry's metadata could not be read or changed",
              file_.string() + ": " + what.text};
  const int kind = what.code & 0xff;
  if (kind == SQLITE_FULL || (kind == SQLITE_IOERR && use_ == Use::write)) {
    error.code = Code::insufficient_storage;
    error.message = "the registry's disk is full or failing; nothing of this request was kept";
  } else if (kind == SQLITE_BUSY || kind == SQLITE_LOCKED || kind == SQLITE_NOMEM) {
    error.code = Code::unavailable;
    error.message = "the registry is busy; try again in a moment";
  } else if (is_damage(what.code)) {
    error.message = "the registry's metadata is damaged; its operator must restore it";
    error.detail +=
        "; stop the registry and restore this file from a backup, or rescue what is readable as "
        "docs/storage.md describes";
  }
  return error;
}

void Connection::report_damage(std::string_view what) {
  fail(SQLITE_CORRUPT, what);
}

void Connection::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

sqlite3_stmt* Connection::prepare(const char* sql) {
  if (failed()) return nullptr;
  auto& kept = statements_[sql];
  if (!kept) {
    sqlite3_stmt* fresh = nullptr;
    const int code =
        sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &fresh, nullptr);
    if (code != SQLITE_OK) fail(code, sql);
    kept.reset(fresh);
  }
  assert(!kept || sqlite3_stmt_busy(kept.get()) == 0);
  return kept.get();
}

std::int64_t Connection::finish(Query& query) {
  while (query.next()) {
  }
  return failed() ? 0 : sqlite3_changes64(handle_);
}

void Connection::fail(int code, std::string_view doing) {
  if (failure_) return;
  const bool latest = handle_ != nullptr && sqlite3_extended_errcode(handle_) == code;
  const char* const text = latest ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  failure_ = Failure{code, std::string(text).append(" [").append(doing).append("]")};
}

}  // namespace moorgate::meta
