#include <chrono>
#include <utility>

#include "blob/upload_id.hpp"
#include "registry/registry_impl.hpp"

namespace moorgate::registry {
namespace {

using access::Action;
using Claim = Registry::Shared::Claim;

std::int64_t unix_now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count();
}

meta::UploadRecord record_of(const access::Permit& permit, std::string id) {
  const std::int64_t now = unix_now();
  return {.id = std::move(id),
          .repository = permit.repository(),
          .owner = permit.principal(),
          .started = now,
          .touched = now};
}

/// Bytes first, then the record, then the process's own memory of it: what is cut short in between
/// is what purge_uploads() looks for.
Task<Result<>> forget(blob::BlobStore& blobs, meta::MetadataStore& metadata, Claim claim) {
  auto removed = co_await blobs.remove_upload(claim.record().id);
  auto unrecorded = co_await metadata.remove_upload(claim.record().id);
  claim.end();
  if (!removed) co_return removed;
  co_return unrecorded;
}

class ClaimedUpload final : public Upload {
 public:
  ClaimedUpload(blob::BlobStore& blobs, meta::MetadataStore& metadata, Claim claim,
                std::unique_ptr<blob::UploadSession> session)
      : blobs_(blobs),
        metadata_(metadata),
        claim_(std::move(claim)),
        id_(claim_.record().id),
        session_(std::move(session)) {
    claim_.set_offset(session_->offset());
  }
  ~ClaimedUpload() override { claim_.give_back(flushed_ ? std::move(session_) : nullptr); }
  ClaimedUpload(const ClaimedUpload&) = delete;
  ClaimedUpload& operator=(const ClaimedUpload&) = delete;

  const std::string& id() const noexcept override { return id_; }
  std::uint64_t offset() const noexcept override { return session_ ? session_->offset() : 0; }
  std::span<char> buffer() override;
  Task<Result<>> filled(std::size_t size) override;
  Task<Result<>> append(std::string_view bytes) override;
  Task<Result<>> finish_chunk() override;
  Task<Result<>> rewind(std::uint64_t offset) override;
  Task<Result<>> commit(const oci::Digest& digest) override;
  Task<Result<>> cancel() override;

 private:
  blob::BlobStore& blobs_;
  meta::MetadataStore& metadata_;
  Claim claim_;
  const std::string id_;
  std::unique_ptr<blob::UploadSession> session_;  // null once the session has ended
  /// Only then may another request, on another loop, have session_.
  bool flushed_ = true;
};

std::span<char> ClaimedUpload::buffer() {
  flushed_ = false;
  return session_->buffer();
}

Task<Result<>> ClaimedUpload::filled(std::size_t size) {
  auto taken = co_await session_->filled(size);
  claim_.set_offset(session_->offset());
  co_return taken;
}

Task<Result<>> ClaimedUpload::append(std::string_view bytes) {
  flushed_ = false;
  auto taken = co_await blob::append(*session_, bytes);
  claim_.set_offset(session_->offset());
  co_return taken;
}

Task<Result<>> ClaimedUpload::finish_chunk() {
  if (!session_) co_return Result<>{};
  auto written = co_await session_->flush();
  flushed_ = written.has_value();
  claim_.set_offset(session_->offset());
  if (claim_.touch_is_due()) metadata_.touch_upload(id_, session_->offset());
  co_return written;
}

Task<Result<>> ClaimedUpload::rewind(std::uint64_t offset) {
  if (!session_) co_return Result<>{};
  flushed_ = false;
  if (auto cut = co_await session_->truncate(offset); !cut) co_return cut;
  co_return co_await finish_chunk();
}

Task<Result<>> ClaimedUpload::commit(const oci::Digest& digest) {
  flushed_ = false;
  auto size = co_await session_->commit(digest);
  if (!size) {
    if (size.error().code == Code::digest_invalid) static_cast<void>(co_await cancel());
    co_return failure(std::move(size).error());
  }
  session_.reset();
  auto linked = co_await metadata_.finish_upload(id_, claim_.record().repository, digest, *size);
  claim_.end();
  co_return linked;
}

Task<Result<>> ClaimedUpload::cancel() {
  if (!session_) co_return Result<>{};  // it has ended already
  session_.reset();
  co_return co_await forget(blobs_, metadata_, std::move(claim_));
}

}  // namespace

Task<Result<Claim>> Registry::Impl::claim_upload(const access::Permit& permit, std::string id) {
  auto claim = shared->take(record_of(permit, std::move(id)));
  if (!claim || claim->known()) co_return claim;
  auto record = co_await metadata.find_upload(permit.repository(), claim->record().id);
  if (!record) co_return failure(std::move(record).error());
  if (record->owner != permit.principal()) {
    co_return failure(Code::blob_upload_unknown, "there is no upload session " + record->id +
                                                     " of yours in repository " +
                                                     permit.repository().text());
  }
  claim->confirm(*record);
  co_return claim;
}

Task<Result<std::unique_ptr<Upload>>> Registry::start_upload(
    const access::Permit& permit, std::optional<oci::Algorithm> algorithm) {
  if (auto held = demand_change(*impl_->shared, permit, Action::push); !held)
    co_return failure(std::move(held).error());
  auto record = record_of(permit, blob::new_upload_id());
  record.algorithm = algorithm;
  auto claim = impl_->shared->add(record);
  auto session = co_await impl_->blobs.create_upload(record.id, algorithm);
  if (!session) {
    claim.end();
    co_return failure(std::move(session).error());
  }
  impl_->metadata.create_upload(std::move(record));
  co_return std::make_unique<ClaimedUpload>(impl_->blobs, impl_->metadata, std::move(claim),
                                            std::move(*session));
}

Task<Result<std::unique_ptr<Upload>>> Registry::take_upload(const access::Permit& permit,
                                                            std::string id) {
  if (auto held = demand_change(*impl_->shared, permit, Action::push); !held)
    co_return failure(std::move(held).error());
  auto claim = co_await impl_->claim_upload(permit, std::move(id));
  if (!claim) co_return failure(std::move(claim).error());
  auto session = claim->open_session();
  if (!session) {
    auto resumed =
        co_await impl_->blobs.resume_upload(claim->record().id, claim->record().algorithm);
    if (!resumed) {
      // A record without bytes helps nobody.
      if (resumed.error().code == Code::blob_upload_unknown) {
        static_cast<void>(co_await forget(impl_->blobs, impl_->metadata, std::move(*claim)));
      }
      co_return failure(std::move(resumed).error());
    }
    session = std::move(*resumed);
  }
  co_return std::make_unique<ClaimedUpload>(impl_->blobs, impl_->metadata, std::move(*claim),
                                            std::move(session));
}

Task<Result<std::uint64_t>> Registry::upload_offset(const access::Permit& permit, std::string id) {
  if (auto held = demand_change(*impl_->shared, permit, Action::push); !held)
    co_return failure(std::move(held).error());
  if (auto known = impl_->shared->offset(record_of(permit, id))) co_return std::move(*known);
  auto upload = co_await take_upload(permit, std::move(id));
  if (!upload) co_return failure(std::move(upload).error());
  co_return (*upload)->offset();
}

Task<Result<>> Registry::cancel_upload(const access::Permit& permit, std::string id) {
  if (auto held = demand_change(*impl_->shared, permit, Action::push); !held) co_return held;
  auto claim = co_await impl_->claim_upload(permit, std::move(id));
  if (!claim) co_return failure(std::move(claim).error());
  static_cast<void>(claim->open_session());
  co_return co_await forget(impl_->blobs, impl_->metadata, std::move(*claim));
}

}  // namespace moorgate::registry
