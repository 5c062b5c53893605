// The contract of BlobStore, held against every store.

#include "blob/blob_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "blob/blob_test_kit.hpp"
#include "blob/file_blob_store.hpp"
#include "blob/hasher.hpp"
#include "blob/memory_blob_store.hpp"

namespace moorgate::blob {
namespace {

using oci::Algorithm;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string kId = "00000000-0000-4000-8000-000000000001";
const std::string kOther = "00000000-0000-4000-8000-000000000002";

enum class Store { memory, file };

class BlobStoreContract : public testing::TestWithParam<Store> {
 protected:
  void SetUp() override {
    if (GetParam() == Store::memory) {
      store_ = std::make_unique<MemoryBlobStore>();
      return;
    }
    auto opened = FileBlobStore::open(folder_.path(), blocking_);
    ASSERT_TRUE(opened) << opened.error().message << " " << opened.error().detail;
    store_ = std::move(*opened);
  }

  std::unique_ptr<UploadSession> create(const std::string& id,
                                        std::optional<Algorithm> algorithm = std::nullopt) {
    auto session = loop_.run(store_->create_upload(id, algorithm));
    EXPECT_TRUE(session);
    return std::move(session).value();
  }
  std::unique_ptr<UploadSession> resume(const std::string& id,
                                        std::optional<Algorithm> algorithm = std::nullopt) {
    auto session = loop_.run(store_->resume_upload(id, algorithm));
    EXPECT_TRUE(session) << session.error().message;
    return std::move(session).value();
  }
  Result<std::string> read(const oci::Digest& digest, std::size_t limit = 64U << 20U) {
    return loop_.run(store_->read(digest, limit));
  }
  bool missing(const oci::Digest& digest) {
    return code_of(loop_.run(store_->stat(digest))) == Code::blob_unknown &&
           code_of(loop_.run(store_->open(digest))) == Code::blob_unknown &&
           code_of(read(digest)) == Code::blob_unknown;
  }

  ScratchFolder folder_;
  net::Blocking blocking_{"test", 3, 1000};
  TestLoop loop_;
  std::unique_ptr<BlobStore> store_;
};

TEST_P(BlobStoreContract, WhatIsPutCanBeReadWhole) {
  for (const Algorithm algorithm : {Algorithm::sha256, Algorithm::sha512}) {
    for (const std::size_t size : {0UL, 1UL, 5000UL, 300'000UL}) {
      const std::string bytes = sample(size);
      const auto digest = digest_of(algorithm, bytes);
      EXPECT_TRUE(missing(digest)) << size;
      ASSERT_TRUE(loop_.run(store_->put(digest, bytes))) << size;
      EXPECT_EQ(loop_.run(store_->stat(digest)), size);
      EXPECT_EQ(read(digest), bytes);
      EXPECT_TRUE(loop_.run(store_->put(digest, bytes))) << "again";
    }
  }
}

TEST_P(BlobStoreContract, ReadHasALimit) {
  const std::string bytes = sample(1000);
  const auto digest = digest_of(Algorithm::sha256, bytes);
  ASSERT_TRUE(loop_.run(store_->put(digest, bytes)));
  EXPECT_EQ(read(digest, 1000), bytes);
  EXPECT_EQ(code_of(read(digest, 999)), Code::size_invalid);
}

TEST_P(BlobStoreContract, ReadersSeeAnyPart) {
  const std::string bytes = sample(200'000);
  const auto digest = digest_of(Algorithm::sha256, bytes);
  ASSERT_TRUE(loop_.run(store_->put(digest, bytes)));
  const auto reader = loop_.run(store_->open(digest)).value();
  EXPECT_EQ(reader->size(), bytes.size());
  struct Case {
    std::uint64_t offset;
    std::size_t wanted;
    std::size_t got;
  };
  for (const Case& c : {Case{0, 10, 10}, Case{199'990, 100, 10}, Case{200'000, 5, 0},
                        Case{1ULL << 40U, 5, 0}, Case{123, 150'000, 150'000}, Case{7, 0, 0}}) {
    std::string into(c.wanted, '?');
    EXPECT_EQ(loop_.run(reader->read_at(c.offset, into)), c.got) << c.offset;
    if (c.got > 0) {
      EXPECT_EQ(into.substr(0, c.got), bytes.substr(c.offset, c.got)) << c.offset;
    }
  }
}

TEST_P(BlobStoreContract, PutVerifiedRefusesOtherBytes) {
  const auto digest = digest_of(Algorithm::sha512, "right");
  const auto refused = loop_.run(store_->put_verified(digest, "wrong"));
  EXPECT_EQ(code_of(refused), Code::digest_invalid);
  EXPECT_NE(refused.error().message.find(digest.text()), std::string::npos);
  EXPECT_NE(refused.error().message.find(digest_of(Algorithm::sha512, "wrong").text()),
            std::string::npos);
  EXPECT_TRUE(missing(digest));
  ASSERT_TRUE(loop_.run(store_->put_verified(digest, "right")));
  EXPECT_EQ(read(digest), "right");
}

TEST_P(BlobStoreContract, RemovedBlobsStayReadableWhereTheyAreOpen) {
  const std::string bytes = sample(100'000);
  const auto digest = digest_of(Algorithm::sha256, bytes);
  ASSERT_TRUE(loop_.run(store_->put(digest, bytes)));
  const auto reader = loop_.run(store_->open(digest)).value();
  ASSERT_TRUE(loop_.run(store_->remove(digest)));
  EXPECT_TRUE(missing(digest));
  EXPECT_EQ(code_of(loop_.run(store_->remove(digest))), Code::blob_unknown);
  std::string into(bytes.size(), '?');
  EXPECT_EQ(loop_.run(reader->read_at(0, into)), bytes.size());
  EXPECT_EQ(into, bytes);
  ASSERT_TRUE(loop_.run(store_->put(digest, bytes))) << "and can come back";
  EXPECT_EQ(read(digest), bytes);
}

TEST_P(BlobStoreContract, AnUploadBecomesABlob) {
  for (const std::size_t size : {0UL, 1UL, 262'143UL, 262'144UL, 262'145UL, 2'000'000UL}) {
    const std::string bytes = sample(size);
    const auto digest = digest_of(Algorithm::sha256, bytes);
    auto session = create(kId);
    EXPECT_EQ(session->offset(), 0U);
    ASSERT_TRUE(loop_.run(append(*session, bytes)));
    EXPECT_EQ(session->offset(), size);
    EXPECT_EQ(loop_.run(session->commit(digest)), size);
    EXPECT_EQ(read(digest), bytes);
    EXPECT_THAT(loop_.run(store_->uploads()).value(), IsEmpty());
    EXPECT_EQ(code_of(loop_.run(store_->resume_upload(kId, std::nullopt))),
              Code::blob_upload_unknown);
  }
}

TEST_P(BlobStoreContract, TheAlgorithmMayBeAnnouncedOrComeAsASurprise) {
  struct Case {
    std::optional<Algorithm> announced;
    Algorithm used;
  };
  const std::string bytes = sample(700'000);
  for (const Case& c :
       {Case{std::nullopt, Algorithm::sha512}, Case{Algorithm::sha512, Algorithm::sha512},
        Case{Algorithm::sha512, Algorithm::sha256}}) {
    const auto digest = digest_of(c.used, bytes);
    auto session = create(kId, c.announced);
    ASSERT_TRUE(loop_.run(append(*session, bytes)));
    EXPECT_EQ(loop_.run(session->commit(digest)), bytes.size());
    EXPECT_EQ(read(digest), bytes);
    ASSERT_TRUE(loop_.run(store_->remove(digest)));
  }
}

TEST_P(BlobStoreContract, AnUploadMayTakeSeveralRequests) {
  const std::string bytes = sample(1'000'000);
  const auto digest = digest_of(Algorithm::sha256, bytes);
  std::size_t offset = 0;
  create(kId);
  for (const std::size_t part : {1UL, 0UL, 300'000UL, 262'144UL, 437'855UL}) {
    auto session = resume(kId);
    EXPECT_EQ(session->offset(), offset);
    ASSERT_TRUE(loop_.run(append(*session, std::string_view(bytes).substr(offset, part))));
    offset += part;
    ASSERT_TRUE(loop_.run(session->flush()));
    EXPECT_EQ(session->offset(), offset);
  }
  ASSERT_EQ(offset, bytes.size());
  auto session = resume(kId);
  EXPECT_EQ(loop_.run(session->commit(digest)), bytes.size());
  EXPECT_EQ(read(digest), bytes);
}

TEST_P(BlobStoreContract, BytesMayBeFilledInPiecesOfAnySize) {
  const std::string bytes = sample(1'500'000);
  const auto digest = digest_of(Algorithm::sha256, bytes);
  auto session = create(kId);
  std::size_t piece = 1;
  for (std::size_t at = 0; at < bytes.size(); piece = piece * 7 % 65'537 + 1) {
    const auto room = session->buffer();
    ASSERT_FALSE(room.empty());
    const std::size_t size = std::min({piece, room.size(), bytes.size() - at});
    bytes.copy(room.data(), size, at);
    ASSERT_TRUE(loop_.run(session->filled(size)));
    at += size;
    ASSERT_EQ(session->offset(), at);
  }
  ASSERT_TRUE(loop_.run(session->filled(0)));
  EXPECT_EQ(loop_.run(session->commit(digest)), bytes.size());
  EXPECT_EQ(read(digest), bytes);
}

TEST_P(BlobStoreContract, TruncateTakesBackWhatCameAfter) {
  const std::string good = sample(600'000);
  const auto digest = digest_of(Algorithm::sha256, good);
  for (const std::size_t kept : {0UL, 1UL, 262'144UL, 500'000UL, 599'999UL}) {
    auto session = create(kId);
    ASSERT_TRUE(loop_.run(append(*session, good.substr(0, kept))));
    ASSERT_TRUE(loop_.run(append(*session, sample(kept % 3 == 0 ? 400'000 : 40, 2))));
    ASSERT_TRUE(loop_.run(session->truncate(kept)));
    EXPECT_EQ(session->offset(), kept);
    ASSERT_TRUE(loop_.run(session->truncate(kept + 5))) << "beyond the end: nothing to do";
    EXPECT_EQ(session->offset(), kept);
    ASSERT_TRUE(loop_.run(append(*session, good.substr(kept))));
    EXPECT_EQ(loop_.run(session->commit(digest)), good.size());
    ASSERT_TRUE(loop_.run(store_->remove(digest)));
  }
}

TEST_P(BlobStoreContract, AMismatchLeavesNothingBehindButTheSession) {
  const std::string bytes = sample(300'000);
  const auto right = digest_of(Algorithm::sha256, bytes);
  const auto wrong = digest_of(Algorithm::sha256, "something else");
  auto session = create(kId);
  ASSERT_TRUE(loop_.run(append(*session, bytes)));
  const auto refused = loop_.run(session->commit(wrong));
  EXPECT_EQ(code_of(refused), Code::digest_invalid);
  EXPECT_NE(refused.error().message.find(right.text()), std::string::npos);
  EXPECT_NE(refused.error().message.find(wrong.text()), std::string::npos);
  EXPECT_TRUE(missing(wrong));
  EXPECT_TRUE(missing(right));
  EXPECT_EQ(session->offset(), bytes.size());
  EXPECT_EQ(loop_.run(session->commit(right)), bytes.size()) << "the session is alive";
  EXPECT_EQ(read(right), bytes);
}

TEST_P(BlobStoreContract, OneSessionHoldsAnUpload) {
  auto session = create(kId);
  EXPECT_EQ(code_of(loop_.run(store_->create_upload(kId, std::nullopt))),
            Code::blob_upload_invalid);
  EXPECT_EQ(code_of(loop_.run(store_->resume_upload(kId, std::nullopt))),
            Code::blob_upload_invalid);
  session.reset();
  EXPECT_TRUE(loop_.run(store_->resume_upload(kId, std::nullopt)));
}

TEST_P(BlobStoreContract, UploadsAreListedAndForgotten) {
  create(kId);
  create(kOther);
  EXPECT_THAT(loop_.run(store_->uploads()).value(), testing::UnorderedElementsAre(kId, kOther));
  ASSERT_TRUE(loop_.run(store_->remove_upload(kId)));
  ASSERT_TRUE(loop_.run(store_->remove_upload(kId))) << "also if there is none";
  EXPECT_THAT(loop_.run(store_->uploads()).value(), ElementsAre(kOther));
  EXPECT_EQ(code_of(loop_.run(store_->resume_upload(kId, std::nullopt))),
            Code::blob_upload_unknown);
}

TEST_P(BlobStoreContract, ASessionMayOutliveItsUpload) {
  auto session = create(kId);
  ASSERT_TRUE(loop_.run(append(*session, sample(300'000))));
  ASSERT_TRUE(loop_.run(store_->remove_upload(kId)));
  session.reset();
  EXPECT_THAT(loop_.run(store_->uploads()).value(), IsEmpty());
}

TEST_P(BlobStoreContract, TwoUploadsOfOneBlobBothSucceed) {
  const std::string bytes = sample(400'000);
  const auto digest = digest_of(Algorithm::sha256, bytes);
  auto one = create(kId);
  auto two = create(kOther);
  ASSERT_TRUE(loop_.run(append(*one, bytes)));
  ASSERT_TRUE(loop_.run(append(*two, bytes)));
  EXPECT_EQ(loop_.run(one->commit(digest)), bytes.size());
  EXPECT_EQ(loop_.run(two->commit(digest)), bytes.size());
  EXPECT_EQ(read(digest), bytes);
  EXPECT_THAT(loop_.run(store_->uploads()).value(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Stores, BlobStoreContract, testing::Values(Store::memory, Store::file),
                         [](const auto& store) {
                           return store.param == Store::memory ? "Memory" : "File";
                         });

TEST(MemoryBlobStore, KeepsADiaryAndFailsOnDemand) {
  TestLoop loop;
  MemoryBlobStore store;
  const auto digest = store.add("x");
  store.failures["stat"] = Error{Code::unavailable, "as the test wants"};
  EXPECT_EQ(code_of(loop.run(store.stat(digest))), Code::unavailable);
  EXPECT_EQ(loop.run(store.stat(digest)), 1U);
  auto session = loop.run(store.create_upload(kId, std::nullopt)).value();
  ASSERT_TRUE(loop.run(append(*session, "yy")));
  EXPECT_THAT(store.calls, ElementsAre("stat " + digest.text(), "stat " + digest.text(),
                                       "create_upload " + kId, "filled 2"));
  ASSERT_NE(store.find(digest), nullptr);
  EXPECT_EQ(*store.find(digest), "x");
}

}  // namespace
}  // namespace moorgate::blob
