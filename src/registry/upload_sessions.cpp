#include "registry/upload_sessions.hpp"

#include <utility>

namespace moorgate::registry {
namespace {

using Steady = std::chrono::steady_clock;

/// Often enough for purge_uploads(), which thinks in days; seldom enough to cost nothing.
constexpr std::int64_t kTouchSeconds = 30;

std::int64_t unix_now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count();
}

std::unexpected<Error> unknown(const meta::UploadRecord& asked) {
  return failure(Code::blob_upload_unknown, "there is no upload session " + asked.id +
                                                " of yours in repository " +
                                                asked.repository.text());
}

}  // namespace

struct Registry::Shared::Claim::Session {
  explicit Session(meta::UploadRecord what, bool is_known)
      : record(std::move(what)), offset(record.offset), told(record.touched), known(is_known) {}

  bool is_of(const meta::UploadRecord& asked) const {
    return record.owner == asked.owner && record.repository == asked.repository;
  }

  // Changed under the lock and only by the holder.
  meta::UploadRecord record;
  std::atomic<std::uint64_t> offset;
  // The holder's.
  std::int64_t told;  // the last life sign that the metadata heard of
  // Under the lock.
  bool known;
  bool taken = true;
  std::int64_t touched = unix_now();
  std::unique_ptr<blob::UploadSession> open;
  Steady::time_point waiting_since;
  std::list<std::shared_ptr<Session>>::iterator position;
};

// ---- Claim

Registry::Shared::Claim::Claim(std::shared_ptr<Shared> owner, std::shared_ptr<Session> session)
    : owner_(std::move(owner)), session_(std::move(session)) {}

const meta::UploadRecord& Registry::Shared::Claim::record() const noexcept {
  return session_->record;
}

bool Registry::Shared::Claim::known() const noexcept {
  return session_->known;
}

void Registry::Shared::Claim::confirm(const meta::UploadRecord& record) {
  const std::scoped_lock lock(owner_->mutex_);
  session_->record = record;
  session_->known = true;
  session_->offset = record.offset;
  session_->told = record.touched;
}

void Registry::Shared::Claim::set_offset(std::uint64_t offset) noexcept {
  session_->offset.store(offset, std::memory_order_relaxed);
}

bool Registry::Shared::Claim::touch_is_due() {
  const std::int64_t now = unix_now();
  if (now - session_->told < kTouchSeconds) return false;
  session_->told = now;
  return true;
}

std::unique_ptr<blob::UploadSession> Registry::Shared::Claim::open_session() {
  return std::move(session_->open);
}

void Registry::Shared::Claim::give_back(std::unique_ptr<blob::UploadSession> flushed) {
  const auto session = std::exchange(session_, nullptr);
  if (session) owner_->release(session, std::move(flushed));
}

void Registry::Shared::Claim::end() {
  const auto session = std::exchange(session_, nullptr);
  if (session) owner_->forget(session);
}

// ---- Shared

Registry::Shared::Claim Registry::Shared::add(meta::UploadRecord record) {
  const std::scoped_lock lock(mutex_);
  return {shared_from_this(), insert(std::move(record), true)};
}

Result<Registry::Shared::Claim> Registry::Shared::take(meta::UploadRecord asked) {
  const std::scoped_lock lock(mutex_);
  const auto found = sessions_.find(asked.id);
  if (found == sessions_.end()) return Claim(shared_from_this(), insert(std::move(asked), false));
  if (!found->second->is_of(asked)) return unknown(asked);
  if (found->second->taken) {
    return failure(Code::blob_upload_invalid, "another request is writing to this upload session");
  }
  return claim_waiting(found->second);
}

std::optional<Registry::Shared::Claim> Registry::Shared::take_abandoned(meta::UploadRecord record,
                                                                        std::int64_t before) {
  const std::scoped_lock lock(mutex_);
  const auto found = sessions_.find(record.id);
  if (found == sessions_.end()) return Claim(shared_from_this(), insert(std::move(record), false));
  if (found->second->taken || found->second->touched >= before) return std::nullopt;
  return claim_waiting(found->second);
}

Registry::Shared::Claim Registry::Shared::claim_waiting(const std::shared_ptr<Session>& session) {
  session->taken = true;
  waiting_.erase(session->position);
  return {shared_from_this(), session};
}

std::optional<Result<std::uint64_t>> Registry::Shared::offset(const meta::UploadRecord& asked) {
  const std::scoped_lock lock(mutex_);
  const auto found = sessions_.find(asked.id);
  if (found == sessions_.end() || !found->second->known) return std::nullopt;
  const auto& session = *found->second;
  if (!session.is_of(asked)) return unknown(asked);
  // Given up without a flush, its last bytes may be lost: only the store knows.
  if (!session.taken && !session.open) return std::nullopt;
  return session.offset.load(std::memory_order_relaxed);
}

void Registry::Shared::refuse_writes(std::string reason) {
  const std::scoped_lock lock(mutex_);
  if (refused_) return;
  refusal_ = std::move(reason);
  refused_ = true;
}

Result<> Registry::Shared::writable() const {
  if (!refused_) return {};
  return failure(Code::unavailable, refusal_);
}

void Registry::Shared::drop_impatient() {
  std::unique_lock lock(mutex_);
  const Sessions dropped = take_superfluous();
  lock.unlock();
}

std::shared_ptr<Registry::Shared::Session> Registry::Shared::insert(meta::UploadRecord record,
                                                                    bool known) {
  auto session = std::make_shared<Session>(std::move(record), known);
  sessions_.insert_or_assign(session->record.id, session);
  return session;
}

void Registry::Shared::release(const std::shared_ptr<Session>& session,
                               std::unique_ptr<blob::UploadSession> open) {
  std::unique_lock lock(mutex_);
  if (!session->known) {
    sessions_.erase(session->record.id);
    return;
  }
  session->taken = false;
  session->touched = unix_now();
  session->open = std::move(open);
  session->waiting_since = Steady::now();
  session->position = waiting_.insert(waiting_.end(), session);
  const Sessions dropped = take_superfluous();
  lock.unlock();
}

void Registry::Shared::forget(const std::shared_ptr<Session>& session) {
  const std::scoped_lock lock(mutex_);
  sessions_.erase(session->record.id);
}

Registry::Shared::Sessions Registry::Shared::take_superfluous() {
  Sessions superfluous;
  const auto patience_ends = Steady::now() - kPatience;
  while (!waiting_.empty() &&
         (waiting_.size() > kWaiting || waiting_.front()->waiting_since < patience_ends)) {
    sessions_.erase(waiting_.front()->record.id);
    superfluous.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return superfluous;
}

}  // namespace moorgate::registry
