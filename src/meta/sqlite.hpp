#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/error.hpp"

struct sqlite3;
struct sqlite3_stmt;

/// Tiny owners over SQLite's C interface, for this folder only. No exception and no error code
/// crosses them: the first failure sticks to the connection, every later statement is skipped, and
/// whoever runs a unit of work asks once at its end.
namespace moorgate::meta {

class Connection;

/// A value bound as a BLOB; everything else textual is bound as TEXT.
struct Bytes {
  std::string_view value;
};

/// One run of a prepared statement; the statement is free again when this leaves scope.
class Query {
 public:
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  /// Steps to the next row; false at the end and after a failure.
  bool next();

  std::int64_t integer(int column) const;
  /// Of TEXT and BLOB alike; valid until the next step.
  std::string_view text(int column) const;
  bool is_null(int column) const;

 private:
  friend class Connection;
  template <class... Values>
  Query(Connection& connection, sqlite3_stmt* statement, const Values&... values)
      : connection_(connection), statement_(statement) {
    (bind(values), ...);
  }

  void bind(std::int64_t value);
  void bind(std::string_view text);
  void bind(Bytes bytes);
  void bind(std::optional<std::int64_t> value);
  template <std::integral Integer>
  void bind(Integer value) {
    bind(static_cast<std::int64_t>(value));
  }

  Connection& connection_;
  sqlite3_stmt* statement_;  // null when the connection has failed
  int bound_ = 0;
};

/// One connection with its prepared statements. Used by one thread at a time.
class Connection {
 public:
  enum class Use : std::uint8_t { read, write };

  /// `write` creates the file if need be. The error is for the operator and names the file.
  static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file, Use use);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// `sql` must be one of the constants of schema.hpp: statements are kept by its address. Values
  /// are copied and bound in order to ?1, ?2, …
  template <class... Values>
  Query query(const char* sql, const Values&... values) {
    return Query(*this, prepare(sql), values...);
  }
  /// For statements whose rows nobody reads. Answers how many rows they changed.
  template <class... Values>
  std::int64_t run(const char* sql, const Values&... values) {
    Query query(*this, prepare(sql), values...);
    return finish(query);
  }
  /// Any number of statements that are run once and not kept.
  void execute(const char* script);

  std::int64_t last_id() const;
  /// Pages in the write-ahead log after the latest commit of this connection.
  int log_pages() const noexcept { return log_pages_; }
  /// Moves what it can from the log into the database, without waiting for readers.
  void checkpoint();
  /// False after a failure that made SQLite roll the transaction back by itself, too.
  bool in_transaction() const;

  bool failed() const noexcept { return failure_.has_value(); }
  /// What went wrong, in the client's words with the operator's detail; clears it.
  Error take_failure();
  /// The stored data contradicts itself.
  void report_damage(std::string_view what);

 private:
  friend class Query;
  struct Failure {
    int code;
    std::string text;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };

  Connection(sqlite3* handle, std::filesystem::path file, Use use);
  sqlite3_stmt* prepare(const char* sql);
  std::int64_t finish(Query& query);
  void fail(int code, std::string_view doing);

  const std::filesystem::path file_;
  const Use use_;
  sqlite3* const handle_;
  std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
  std::optional<Failure> failure_;
  int log_pages_ = 0;
};

}  // namespace moorgate::meta
