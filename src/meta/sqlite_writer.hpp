#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "meta/link_journal.hpp"
#include "meta/repository_versions.hpp"
#include "meta/sqlite.hpp"

namespace moorgate::meta {

/// One change on its way into the database.
struct Change {
  /// Called on the writer's thread inside a transaction; its error undoes this change alone. Called
  /// once more when the transaction was lost through another change's fault.
  std::move_only_function<Result<>(Connection&)> apply;
  /// Called on the writer's thread once the change is committed, or refused. May be empty.
  std::move_only_function<void(Result<>)> answer = {};
  /// Survives a power cut once answered; otherwise only the end of the process.
  bool durable = true;
  /// Slot in RepositoryVersions that is bumped after the commit and before the answer.
  std::optional<std::size_t> touches = std::nullopt;
};

/// The one thread that writes. While it waits for the disk changes queue up, and it takes all of
/// them into its next transaction: the more is written at once, the less each one pays (group
/// commit). Changes are committed in the order they were submitted.
class SqliteWriter {
 public:
  /// With `links`, a durable change is answered only once that keeper has what it changed, too.
  /// What an earlier process left in the journal must have been brought there before.
  SqliteWriter(std::unique_ptr<Connection> connection, RepositoryVersions& versions,
               std::size_t queue_limit, LinkKeeper* links = nullptr);
  /// Commits what is queued, then joins.
  ~SqliteWriter();
  SqliteWriter(const SqliteWriter&) = delete;
  SqliteWriter& operator=(const SqliteWriter&) = delete;

  /// Any thread. When the queue is full the answer is `unavailable`, given at once.
  void submit(Change change);

  std::uint64_t commits() const noexcept { return commits_.load(std::memory_order_relaxed); }

 private:
  using Outcomes = std::vector<Result<>>;

  void work();
  /// Everything queued; nothing after a while of idleness; nullopt at the end.
  std::optional<std::vector<Change>> take();
  void commit(std::span<Change> batch);
  void answer(std::span<Change> batch, Result<Outcomes> outcomes);
  void keep_links(LinkJournal::Answers answers);
  void forget_kept(std::int64_t up_to);
  /// One transaction for the batch; the error is that of the transaction as a whole.
  Result<Outcomes> transact(std::span<Change> batch);
  Result<> apply_alone(Change& change);
  void demand_durability(bool durable);

  RepositoryVersions& versions_;
  const std::size_t queue_limit_;
  std::atomic<std::uint64_t> commits_ = 0;
  // The writer's thread only.
  const std::unique_ptr<Connection> connection_;
  std::optional<bool> durability_;
  std::int64_t last_link_ = 0;
  // Shared.
  std::mutex mutex_;
  std::condition_variable ready_;
  std::vector<Change> queue_;
  bool stopping_ = false;

  std::unique_ptr<LinkJournal> journal_;  // null: no links are kept
  std::thread thread_;
};

}  // namespace moorgate::meta
