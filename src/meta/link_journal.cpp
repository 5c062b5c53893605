#include "meta/link_journal.hpp"

#include <pthread.h>

#include <chrono>
#include <iterator>
#include <utility>

#include "base/log.hpp"
#include "meta/digest_key.hpp"
#include "meta/schema.hpp"

namespace moorgate::meta {
namespace {

/// Answers under way; beyond it the writer waits, and with it the clients' own queue fills.
constexpr std::size_t kQueueLimit = 4096;
constexpr std::chrono::seconds kRetry{5};
/// Changes that wait for a keeper that fails.
constexpr std::size_t kBacklogLimit = 8192;

}  // namespace

std::vector<LinkChange> read_link_journal(Connection& db, std::int64_t after) {
  std::vector<LinkChange> changes;
  Query row = db.query(sql::kLinkJournal, after);
  while (row.next()) {
    auto digest = digest_from_key(row.text(5));
    if (!digest) {
      db.report_damage("a digest is malformed");
      break;
    }
    changes.push_back({.id = row.integer(0),
                       .kind = static_cast<LinkChange::Kind>(row.integer(1)),
                       .present = row.integer(2) != 0,
                       .repository = std::string(row.text(3)),
                       .tag = std::string(row.text(4)),
                       .digest = std::move(*digest),
                       .changed_at = row.integer(6)});
  }
  return changes;
}

void forget_links(Connection& db, std::int64_t up_to) {
  db.run(sql::kForgetLinks, up_to);
}

LinkJournal::LinkJournal(LinkKeeper& keeper, std::function<void(std::int64_t)> kept)
    : keeper_(keeper), kept_(std::move(kept)) {
  thread_ = std::thread([this] { work(); });
  pthread_setname_np(thread_.native_handle(), "links");
}

LinkJournal::~LinkJournal() {
  finish();
}

void LinkJournal::hand_over(std::vector<LinkChange> changes, Answers answers) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return queued_answers_.size() < kQueueLimit; });
  std::ranges::move(changes, std::back_inserter(queued_changes_));
  std::ranges::move(answers, std::back_inserter(queued_answers_));
  changed_.notify_all();
}

bool LinkJournal::idle() const {
  const std::scoped_lock lock(mutex_);
  return !busy_ && queued_changes_.empty() && queued_answers_.empty();
}

std::int64_t LinkJournal::finish() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  return last_kept_;
}

/// False at the end. What failed before is tried again after a while also if nothing new comes.
bool LinkJournal::take(std::unique_lock<std::mutex>& lock) {
  const auto wanted = [this] {
    return stopping_ || !queued_changes_.empty() || !queued_answers_.empty();
  };
  if (changes_.empty()) {
    changed_.wait(lock, wanted);
  } else {
    changed_.wait_for(lock, kRetry, wanted);
  }
  if (stopping_ && queued_changes_.empty() && queued_answers_.empty()) return false;
  std::ranges::move(queued_changes_, std::back_inserter(changes_));
  queued_changes_.clear();
  answers_ = std::exchange(queued_answers_, {});
  return true;
}

void LinkJournal::work() {
  std::unique_lock lock(mutex_);
  while (take(lock)) {
    busy_ = true;
    changed_.notify_all();
    lock.unlock();
    keep();
    lock.lock();
    busy_ = !changes_.empty();
  }
}

void LinkJournal::keep() {
  auto kept = changes_.empty() ? Result<>() : keeper_.apply(changes_);
  if (!kept) {
    log::error("Distribution's link files could not be written; pushes fail until they can",
               {{"error", kept.error().message}, {"detail", kept.error().detail}});
  } else if (!changes_.empty()) {
    last_kept_ = changes_.back().id;
    changes_.clear();
    kept_(last_kept_);
  }
  overdue_ = changes_.size() > kBacklogLimit;
  for (auto& answer : std::exchange(answers_, {})) answer(kept);
}

}  // namespace moorgate::meta
