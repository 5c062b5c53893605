#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "blob/blob_store.hpp"
#include "meta/metadata_store.hpp"
#include "registry/registry.hpp"

namespace moorgate::registry {

/// The upload sessions that this process has in mind: which are taken, and of those that wait for
/// their next request the open blob::UploadSession with its running hash, so that the next request
/// needs neither SQL nor a second read. Bounded: a session that is dropped from here lives on in
/// the stores. Any thread.
class Registry::Shared : public std::enable_shared_from_this<Registry::Shared> {
 public:
  static constexpr std::size_t kWaiting = 1024;
  static constexpr std::chrono::minutes kPatience{10};

  /// The exclusive hold of one request on one session; given up on destruction at the latest.
  class Claim {
   public:
    Claim(Claim&& other) noexcept = default;
    Claim& operator=(Claim&&) = delete;
    ~Claim() { give_back(nullptr); }

    /// Without offset: see offset().
    const meta::UploadRecord& record() const noexcept;
    /// False: the session was not known here, so the record is only what the request claims.
    bool known() const noexcept;
    void confirm(const meta::UploadRecord& record);

    void set_offset(std::uint64_t offset) noexcept;
    /// Whether the metadata should hear of the session's life again; true once in a while.
    bool touch_is_due();

    /// The open session of the previous request, if it is still there.
    std::unique_ptr<blob::UploadSession> open_session();
    /// Lets the next request have the session. `flushed`, which must be, spares it reopening.
    void give_back(std::unique_ptr<blob::UploadSession> flushed);
    /// The session is over.
    void end();

   private:
    friend class Shared;
    struct Session;
    Claim(std::shared_ptr<Shared> owner, std::shared_ptr<Session> session);
    std::shared_ptr<Shared> owner_;
    std::shared_ptr<Session> session_;
  };

  /// A session that has just been made, taken by its maker.
  Claim add(meta::UploadRecord record);
  /// blob_upload_invalid while it is taken, blob_upload_unknown if it is another principal's or
  /// another repository's. Of a session not in mind, a claim that is not known().
  Result<Claim> take(meta::UploadRecord asked);
  /// nullopt while a request holds it, or if a request had it at `before` (Unix seconds) or later.
  std::optional<Claim> take_abandoned(meta::UploadRecord record, std::int64_t before);
  /// As take() decides, but also while it is taken; nullopt if only the stores can tell.
  std::optional<Result<std::uint64_t>> offset(const meta::UploadRecord& asked);
  /// From now on every verb that changes something is refused (`unavailable`) for this reason,
  /// which clients are told. Any thread; once.
  void refuse_writes(std::string reason);
  Result<> writable() const;

  /// Drops the open sessions that have waited longer than kPatience.
  void drop_impatient();

 private:
  using Session = Claim::Session;
  using Sessions = std::vector<std::shared_ptr<Session>>;

  // All but the next two are called under the lock.
  void release(const std::shared_ptr<Session>& session, std::unique_ptr<blob::UploadSession> open);
  void forget(const std::shared_ptr<Session>& session);
  std::shared_ptr<Session> insert(meta::UploadRecord record, bool known);
  Claim claim_waiting(const std::shared_ptr<Session>& session);
  /// The caller destroys them after unlocking, for that closes files.
  Sessions take_superfluous();

  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Session>> sessions_;
  std::list<std::shared_ptr<Session>> waiting_;  // longest first
  std::string refusal_;
  std::atomic<bool> refused_ = false;  // set after refusal_, which never changes again
};

}  // namespace moorgate::registry
