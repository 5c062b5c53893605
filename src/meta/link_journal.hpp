#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "meta/link_keeper.hpp"
#include "meta/sqlite.hpp"

namespace moorgate::meta {

/// The rows of table link_journal after number `after`. The table's triggers wrote them in the
/// transactions that changed the links, if the database's links are kept.
std::vector<LinkChange> read_link_journal(Connection& db, std::int64_t after);
void forget_links(Connection& db, std::int64_t up_to);

/// The thread that brings committed changes to a LinkKeeper, and answers clients only then. While
/// it waits for the disk the writer commits further batches; it takes all of them at once.
class LinkJournal {
 public:
  using Answers = std::vector<std::move_only_function<void(Result<>)>>;

  /// `kept` is called on the thread with the number of the last change that the keeper has.
  LinkJournal(LinkKeeper& keeper, std::function<void(std::int64_t)> kept);
  /// As finish().
  ~LinkJournal();
  LinkJournal(const LinkJournal&) = delete;
  LinkJournal& operator=(const LinkJournal&) = delete;

  /// In order of commit. Each of `answers` is called with success once these changes and all before
  /// them are kept, or with the keeper's error; then the changes wait for the next attempt. Waits
  /// while too much is under way.
  void hand_over(std::vector<LinkChange> changes, Answers answers);
  /// The keeper has failed for so long that nothing more should be committed.
  bool overdue() const noexcept { return overdue_; }
  /// Everything that was handed over is kept and answered.
  bool idle() const;
  /// Answers what is queued and ends the thread. The number of the last change that is kept.
  std::int64_t finish();

 private:
  void work();
  bool take(std::unique_lock<std::mutex>& lock);
  void keep();

  LinkKeeper& keeper_;
  const std::function<void(std::int64_t)> kept_;
  // The thread's own: what it works on. Changes stay after a failure.
  std::vector<LinkChange> changes_;
  Answers answers_;
  // Shared.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<LinkChange> queued_changes_;
  Answers queued_answers_;
  std::int64_t last_kept_ = 0;
  bool busy_ = false;
  bool stopping_ = false;
  std::atomic<bool> overdue_ = false;

  std::thread thread_;
};

}  // namespace moorgate::meta
