#include "meta/sqlite_writer.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace moorgate::meta {
namespace {

constexpr char kBegin[] = "BEGIN IMMEDIATE";
constexpr char kCommit[] = "COMMIT";
constexpr char kSavepoint[] = "SAVEPOINT change";
constexpr char kUndo[] = "ROLLBACK TO change";
constexpr char kRelease[] = "RELEASE change";

/// 16 MiB of log: rarely enough to cost little, often enough to keep restarts quick.
constexpr int kCheckpointPages = 4096;
constexpr std::chrono::seconds kIdle{1};

}  // namespace

SqliteWriter::SqliteWriter(std::unique_ptr<Connection> connection, RepositoryVersions& versions,
                           std::size_t queue_limit, LinkKeeper* links)
    : versions_(versions), queue_limit_(queue_limit), connection_(std::move(connection)) {
  if (links != nullptr) {
    journal_ =
        std::make_unique<LinkJournal>(*links, [this](std::int64_t last) { forget_kept(last); });
  }
  thread_ = std::thread([this] { work(); });
  pthread_setname_np(thread_.native_handle(), "meta-write");
}

SqliteWriter::~SqliteWriter() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_one();
  thread_.join();
  if (!journal_) return;
  // The next start need not look at them again.
  if (const std::int64_t last = journal_->finish(); last > 0) forget_links(*connection_, last);
}

void SqliteWriter::forget_kept(std::int64_t up_to) {
  auto forget = [up_to](Connection& db) {
    forget_links(db, up_to);
    return Result<>();
  };
  submit({.apply = std::move(forget), .durable = false});
}

void SqliteWriter::submit(Change change) {
  {
    const std::scoped_lock lock(mutex_);
    const bool overdue = journal_ && journal_->overdue() && change.durable;
    if (!stopping_ && !overdue && queue_.size() < queue_limit_) {
      queue_.push_back(std::move(change));
      // Only the first of a batch finds the writer asleep.
      if (queue_.size() == 1) ready_.notify_one();
      return;
    }
  }
  if (!change.answer) return;
  change.answer(failure(Code::unavailable, "the registry is busy; try again in a moment",
                        "metadata write queue is full, or Distribution's links cannot be kept"));
}

void SqliteWriter::work() {
  while (auto batch = take()) {
    if (!batch->empty()) commit(*batch);
    // After the answers are out, so that nobody waits for it who need not.
    if (batch->empty() || connection_->log_pages() >= kCheckpointPages) connection_->checkpoint();
  }
}

std::optional<std::vector<Change>> SqliteWriter::take() {
  std::unique_lock lock(mutex_);
  const auto wanted = [this] { return stopping_ || !queue_.empty(); };
  if (connection_->log_pages() == 0) {
    ready_.wait(lock, wanted);
  } else {
    ready_.wait_for(lock, kIdle, wanted);
  }
  if (stopping_ && queue_.empty()) return std::nullopt;
  return std::exchange(queue_, {});
}

void SqliteWriter::commit(std::span<Change> batch) {
  auto outcomes = transact(batch);
  if (!outcomes && batch.size() > 1) {
    // One change may have been too much for the disk; the others must not suffer for it.
    for (std::size_t i = 0; i < batch.size(); ++i) commit(batch.subspan(i, 1));
    return;
  }
  for (const Change& change : batch) {
    if (change.touches) versions_.bump(*change.touches);
  }
  answer(batch, std::move(outcomes));
}

void SqliteWriter::answer(std::span<Change> batch, Result<Outcomes> outcomes) {
  LinkJournal::Answers later;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto& tell = batch[i].answer;
    if (!tell) continue;
    Result<> outcome = outcomes ? std::move((*outcomes)[i]) : failure(outcomes.error());
    // Also a change that changed nothing: what it found may not have reached the links yet.
    if (journal_ && outcome && batch[i].durable) {
      later.push_back(std::move(tell));
    } else {
      tell(std::move(outcome));
    }
  }
  if (journal_ && outcomes) keep_links(std::move(later));
}

void SqliteWriter::keep_links(LinkJournal::Answers answers) {
  auto changes = read_link_journal(*connection_, last_link_);
  if (connection_->failed()) {
    const Error error = connection_->take_failure();
    for (auto& tell : answers) tell(failure(error));
    return;
  }
  if (!changes.empty()) last_link_ = changes.back().id;
  if (changes.empty() && journal_->idle()) {
    for (auto& tell : answers) tell({});
  } else if (!changes.empty() || !answers.empty()) {
    journal_->hand_over(std::move(changes), std::move(answers));
  }
}

Result<SqliteWriter::Outcomes> SqliteWriter::transact(std::span<Change> batch) {
  demand_durability(std::ranges::any_of(batch, &Change::durable));
  connection_->run(kBegin);
  Outcomes outcomes;
  outcomes.reserve(batch.size());
  for (Change& change : batch) outcomes.push_back(apply_alone(change));
  connection_->run(kCommit);
  if (!connection_->failed()) {
    commits_.fetch_add(1, std::memory_order_relaxed);
    return outcomes;
  }
  Error error = connection_->take_failure();
  if (connection_->in_transaction()) {
    connection_->execute("ROLLBACK");
    if (connection_->failed()) error.detail += "; " + connection_->take_failure().detail;
  }
  return failure(std::move(error));
}

Result<> SqliteWriter::apply_alone(Change& change) {
  connection_->run(kSavepoint);
  Result<> outcome = change.apply(*connection_);
  if (!outcome) connection_->run(kUndo);
  connection_->run(kRelease);
  return outcome;
}

void SqliteWriter::demand_durability(bool durable) {
  if (durability_ == durable) return;
  // FULL syncs the log at each commit, NORMAL only before a checkpoint. A later FULL commit makes
  // everything before it durable as well.
  connection_->execute(durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  durability_ = connection_->failed() ? std::optional<bool>() : durable;
}

}  // namespace moorgate::meta
