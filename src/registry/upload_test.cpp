#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "blob/upload_id.hpp"
#include "registry/registry_test_kit.hpp"
#include "registry/upload_sessions.hpp"

namespace moorgate::registry {
namespace {

using test::code_of;
using test::digest_of;
using test::repository;
using test::run;
using testing::ElementsAre;
using testing::IsEmpty;

class Uploads : public test::RegistryTest {
 protected:
  /// The id of a session that waits for its first chunk.
  std::string begin() {
    const auto who = push();
    auto upload = run(registry->start_upload(who, std::nullopt));
    EXPECT_TRUE(upload);
    return (*upload)->id();
  }
  Result<std::unique_ptr<Upload>> take(const std::string& id, const access::Permit& who) {
    return run(registry->take_upload(who, id));
  }
  std::unique_ptr<Upload> take(const std::string& id) { return std::move(*take(id, push())); }
  void send(const std::string& id, std::string_view chunk) {
    const auto upload = take(id);
    EXPECT_TRUE(run(upload->append(chunk)));
    EXPECT_TRUE(run(upload->finish_chunk()));
  }
  Result<> commit(const std::string& id, const oci::Digest& digest) {
    const auto upload = take(id);
    return run(upload->commit(digest));
  }
  Result<std::uint64_t> offset(const std::string& id) {
    const auto who = push();
    return run(registry->upload_offset(who, id));
  }
  Result<std::size_t> purge(std::int64_t before) {
    return run(purge_uploads(blobs, *store, *shared, before));
  }
  std::vector<std::string> recorded() {
    std::vector<std::string> ids;
    for (const auto& record : *run(store->uploads(kLater))) ids.push_back(record.id);
    return ids;
  }

  static constexpr std::int64_t kLater = std::numeric_limits<std::int64_t>::max();
};

TEST_F(Uploads, OfAnAcknowledgedChunkAreFoundAgainAfterACrash) {
  // Often enough to catch the metadata's writer still at it.
  for (int i = 0; i < 100; ++i) {
    const auto who = push();
    auto upload = run(registry->start_upload(who, std::nullopt));
    ASSERT_TRUE(run((*upload)->append("chunk")));
    ASSERT_TRUE(run((*upload)->finish_chunk()));
    ASSERT_TRUE(run(store->find_upload(repository("app"), (*upload)->id())));
  }
}

TEST_F(Uploads, BecomeBlobsOverSeveralRequestsWithoutReopeningAnything) {
  const auto id = begin();
  EXPECT_EQ(offset(id), 0U);
  send(id, "hello ");
  EXPECT_EQ(offset(id), 6U);
  send(id, "world");
  ASSERT_TRUE(commit(id, digest_of("hello world")));
  EXPECT_EQ(run(registry->stat_blob(pull(), digest_of("hello world"))), 11U);
  EXPECT_EQ(code_of(offset(id)), Code::blob_upload_unknown);
  EXPECT_EQ(calls("resume_upload"), 0U);
  EXPECT_THAT(recorded(), IsEmpty());
}

TEST_F(Uploads, AreReceivedIntoTheStoresOwnMemory) {
  const auto id = begin();
  const auto upload = take(id);
  const std::string_view bytes = "hello";
  std::ranges::copy(bytes, upload->buffer().begin());
  ASSERT_TRUE(run(upload->filled(bytes.size())));
  EXPECT_EQ(upload->offset(), 5U);
  EXPECT_TRUE(run(upload->commit(digest_of(bytes))));
}

TEST_F(Uploads, MayBeEmpty) {
  EXPECT_TRUE(commit(begin(), digest_of("")));
}

TEST_F(Uploads, BelongToOneRequestAtATime) {
  const auto id = begin();
  auto first = take(id);
  ASSERT_TRUE(run(first->append("hello")));
  EXPECT_EQ(code_of(take(id, push())), Code::blob_upload_invalid);
  EXPECT_EQ(code_of(run(registry->cancel_upload(push(), id))), Code::blob_upload_invalid);
  // How far it is may be asked meanwhile.
  EXPECT_EQ(offset(id), 5U);
  ASSERT_TRUE(run(first->finish_chunk()));
  first.reset();
  EXPECT_TRUE(take(id, push()));
}

TEST_F(Uploads, AreUnknownToOthers) {
  const auto id = begin();
  const auto mallory = push("app", "mallory");
  const auto elsewhere = push("other");
  for (int i = 0; i < 2; ++i) {
    for (const auto* who : {&mallory, &elsewhere}) {
      EXPECT_EQ(code_of(take(id, *who)), Code::blob_upload_unknown);
      EXPECT_EQ(code_of(run(registry->upload_offset(*who, id))), Code::blob_upload_unknown);
      EXPECT_EQ(code_of(run(registry->cancel_upload(*who, id))), Code::blob_upload_unknown);
    }
    // Nor does a restart give them away.
    restart();
  }
  EXPECT_TRUE(take(id, push()));
}

TEST_F(Uploads, WithAnIdThatNobodyHasAreUnknown) {
  for (const auto& id : {blob::new_upload_id(), std::string("../../etc/passwd"), std::string()}) {
    EXPECT_EQ(code_of(take(id, push())), Code::blob_upload_unknown);
    EXPECT_EQ(code_of(offset(id)), Code::blob_upload_unknown);
  }
}

TEST_F(Uploads, GoOnAfterARestartFromTheBytesThatAreThere) {
  const auto id = begin();
  send(id, "hello ");
  restart();
  EXPECT_EQ(offset(id), 6U);
  send(id, "world");
  EXPECT_EQ(calls("resume_upload"), 1U);
  EXPECT_TRUE(commit(id, digest_of("hello world")));
}

TEST_F(Uploads, KeepWhatArrivedBeforeTheClientVanished) {
  const auto id = begin();
  auto upload = take(id);
  ASSERT_TRUE(run(upload->append("hello ")));
  upload.reset();
  // Bytes that were still on their way may be lost, so the store is asked.
  EXPECT_EQ(offset(id), 6U);
  EXPECT_EQ(calls("resume_upload"), 1U);
  send(id, "world");
  EXPECT_TRUE(commit(id, digest_of("hello world")));
}

TEST_F(Uploads, TakeARefusedChunkBack) {
  const auto id = begin();
  send(id, "hello ");
  auto upload = take(id);
  ASSERT_TRUE(run(upload->append("w0r")));
  ASSERT_TRUE(run(upload->rewind(6)));
  EXPECT_EQ(upload->offset(), 6U);
  upload.reset();
  EXPECT_EQ(offset(id), 6U);
  send(id, "world");
  EXPECT_EQ(calls("resume_upload"), 0U);
  EXPECT_TRUE(commit(id, digest_of("hello world")));
}

TEST_F(Uploads, EndWithNothingStoredWhenTheDigestIsWrong) {
  const auto id = begin();
  send(id, "hello");
  EXPECT_EQ(code_of(commit(id, digest_of("goodbye"))), Code::digest_invalid);
  EXPECT_EQ(code_of(offset(id)), Code::blob_upload_unknown);
  EXPECT_EQ(blobs.size(), 0U);
  EXPECT_THAT(*run(blobs.uploads()), IsEmpty());
  EXPECT_THAT(recorded(), IsEmpty());
}

TEST_F(Uploads, ThatHaveEndedTakeTheirTidyingUpCalmly) {
  const auto id = begin();
  const auto upload = take(id);
  ASSERT_TRUE(run(upload->append("hello")));
  EXPECT_EQ(code_of(run(upload->commit(digest_of("goodbye")))), Code::digest_invalid);
  EXPECT_TRUE(run(upload->rewind(0)));
  EXPECT_TRUE(run(upload->finish_chunk()));
  EXPECT_TRUE(run(upload->cancel()));
  EXPECT_EQ(upload->id(), id);
}

TEST_F(Uploads, MayBeTriedAgainAfterAFullDisk) {
  const auto id = begin();
  send(id, "hello");
  blobs.failures["commit"] = Error{Code::insufficient_storage, "full"};
  EXPECT_EQ(code_of(commit(id, digest_of("hello"))), Code::insufficient_storage);
  EXPECT_EQ(offset(id), 5U);
  EXPECT_TRUE(commit(id, digest_of("hello")));
}

TEST_F(Uploads, CannotStartOnAFullDisk) {
  blobs.failures["create_upload"] = Error{Code::insufficient_storage, "full"};
  EXPECT_EQ(code_of(run(registry->start_upload(push(), std::nullopt))), Code::insufficient_storage);
  ASSERT_TRUE(run(store->check()));
  EXPECT_THAT(recorded(), IsEmpty());
}

TEST_F(Uploads, CanBeCancelled) {
  const auto id = begin();
  send(id, "hello");
  ASSERT_TRUE(run(registry->cancel_upload(push(), id)));
  EXPECT_EQ(code_of(offset(id)), Code::blob_upload_unknown);
  EXPECT_EQ(code_of(run(registry->cancel_upload(push(), id))), Code::blob_upload_unknown);
  EXPECT_THAT(*run(blobs.uploads()), IsEmpty());
}

TEST_F(Uploads, WhoseBytesAreGoneAreForgotten) {
  const auto id = begin();
  restart();
  ASSERT_TRUE(run(blobs.remove_upload(id)));
  EXPECT_EQ(code_of(offset(id)), Code::blob_upload_unknown);
  EXPECT_THAT(recorded(), IsEmpty());
}

class Purge : public Uploads {};

TEST_F(Purge, EndsWhatNobodyHasTouched) {
  const auto id = begin();
  send(id, "hello");
  EXPECT_EQ(purge(0), 0U);
  EXPECT_EQ(offset(id), 5U);
  EXPECT_EQ(purge(kLater), 1U);
  EXPECT_EQ(code_of(offset(id)), Code::blob_upload_unknown);
  EXPECT_THAT(*run(blobs.uploads()), IsEmpty());
  EXPECT_THAT(recorded(), IsEmpty());
}

TEST_F(Purge, SparesWhatARequestHolds) {
  const auto id = begin();
  const auto upload = take(id);
  ASSERT_TRUE(run(upload->append("hello")));
  EXPECT_EQ(purge(kLater), 0U);
  EXPECT_TRUE(run(upload->commit(digest_of("hello"))));
}

TEST_F(Purge, RemovesBytesThatNoRecordKnows) {
  const auto orphan = blob::new_upload_id();
  ASSERT_TRUE(run(blobs.create_upload(orphan, std::nullopt)));
  const auto living = begin();
  EXPECT_EQ(purge(0), 1U);
  EXPECT_THAT(*run(blobs.uploads()), ElementsAre(living));
}

TEST_F(Purge, RemovesRecordsThatHaveNoBytes) {
  const auto id = begin();
  restart();
  ASSERT_TRUE(run(blobs.remove_upload(id)));
  EXPECT_EQ(purge(0), 1U);
  EXPECT_THAT(recorded(), IsEmpty());
}

TEST_F(Purge, LeavesASessionItCouldNotEndToItsOwner) {
  const auto id = begin();
  send(id, "hello");
  restart();
  blobs.failures["remove_upload"] = Error{Code::internal, "no"};
  EXPECT_EQ(code_of(purge(kLater)), Code::internal);
  EXPECT_EQ(offset(id), 5U);
}

TEST(UploadSessions, KeepABoundedNumberOpen) {
  class Counted final : public blob::UploadSession {
   public:
    explicit Counted(int& open) : open_(open) { ++open_; }
    ~Counted() override { --open_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    std::uint64_t offset() const noexcept override { return 0; }
    std::span<char> buffer() override { return {}; }
    Task<Result<>> filled(std::size_t) override { co_return Result<>{}; }
    Task<Result<>> flush() override { co_return Result<>{}; }
    Task<Result<>> truncate(std::uint64_t) override { co_return Result<>{}; }
    Task<Result<std::uint64_t>> commit(oci::Digest) override { co_return 0; }

   private:
    int& open_;
  };
  int open = 0;
  const auto shared = Registry::make_shared();
  for (std::size_t i = 0; i < Registry::Shared::kWaiting + 10; ++i) {
    auto claim =
        shared->add({.id = std::to_string(i), .repository = repository("app"), .owner = {}});
    claim.give_back(std::make_unique<Counted>(open));
  }
  EXPECT_EQ(open, Registry::Shared::kWaiting);
  // The oldest went first.
  const auto taken = shared->take({.id = "9", .repository = repository("app"), .owner = {}});
  EXPECT_FALSE(taken->known());
}

}  // namespace
}  // namespace moorgate::registry
