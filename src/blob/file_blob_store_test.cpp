// What BlobStore's contract does not say: files, folders, and what crashes leave of them.

#include "blob/file_blob_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <future>
#include <thread>
#include <tuple>

#include "blob/blob_test_kit.hpp"
#include "blob/hasher.hpp"
#include "blob/paths.hpp"
#include "blob/upload_buffer.hpp"

namespace moorgate::blob {
namespace {

namespace fs = std::filesystem;
using oci::Algorithm;
using testing::IsEmpty;

const std::string kId = "00000000-0000-4000-8000-000000000001";

std::string file_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const fs::path& file, std::string_view text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  return names;
}

class FileBlobStoreTest : public testing::Test {
 protected:
  void SetUp() override { start(); }

  void start() {
    blocking_.emplace("test", 3U, 1000U);
    auto opened = FileBlobStore::open(root(), *blocking_);
    ASSERT_TRUE(opened) << opened.error().message << " " << opened.error().detail;
    store_ = std::move(*opened);
  }
  /// As a killed process leaves it: nothing is said goodbye to.
  void stop() {
    store_.reset();
    blocking_.reset();
  }
  void restart() {
    stop();
    start();
  }

  const fs::path& root() const { return folder_.path(); }
  fs::path data_of(const oci::Digest& digest) const { return root() / paths::blob_data(digest); }
  std::unique_ptr<UploadSession> create() {
    return loop_.run(store_->create_upload(kId, std::nullopt)).value();
  }
  Result<std::unique_ptr<UploadSession>> resume() {
    return loop_.run(store_->resume_upload(kId, std::nullopt));
  }
  /// Whole, through an upload session.
  Result<std::uint64_t> upload(std::string_view bytes) {
    auto session = create();
    if (auto taken = loop_.run(append(*session, bytes)); !taken) return failure(taken.error());
    return loop_.run(session->commit(digest_of(Algorithm::sha256, bytes)));
  }
  void expect_tidy() const {
    EXPECT_THAT(names_in(root() / paths::kUploads), IsEmpty());
    EXPECT_THAT(names_in(root() / paths::kTemporary), IsEmpty());
  }

  ScratchFolder folder_;
  TestLoop loop_;
  std::optional<net::Blocking> blocking_;
  std::unique_ptr<FileBlobStore> store_;
};

TEST_F(FileBlobStoreTest, LiesWhereDistributionLooks) {
  const std::string big = sample(600'000);
  const auto digest = digest_of(Algorithm::sha256, big);
  ASSERT_TRUE(upload(big));
  EXPECT_EQ(file_text(data_of(digest)), big);
  EXPECT_THAT(names_in(data_of(digest).parent_path()), testing::ElementsAre("data"));
  const auto small = digest_of(Algorithm::sha512, "{}");
  ASSERT_TRUE(loop_.run(store_->put(small, "{}")));
  EXPECT_EQ(file_text(data_of(small)), "{}");
  expect_tidy();
}

TEST_F(FileBlobStoreTest, AdoptsWhatDistributionLeft) {
  const auto digest = digest_of(Algorithm::sha256, "layer");
  write_file(data_of(digest), "layer");
  write_file(data_of(digest).parent_path() / "data.1234.tmp", "half a lay");
  EXPECT_EQ(loop_.run(store_->stat(digest)), 5U);
  EXPECT_EQ(loop_.run(store_->read(digest, 100)), "layer");
  EXPECT_TRUE(upload("layer"));
  expect_tidy();
}

TEST_F(FileBlobStoreTest, FoldersAndFilesKeepToTheUmask) {
  const mode_t before = ::umask(027);
  ASSERT_TRUE(upload("x"));
  ::umask(before);
  const fs::path data = data_of(digest_of(Algorithm::sha256, "x"));
  EXPECT_EQ(fs::status(data).permissions(), fs::perms(0640));
  EXPECT_EQ(fs::status(data.parent_path()).permissions(), fs::perms(0750));
  EXPECT_EQ(fs::status(root() / paths::kOwn).permissions(), fs::perms(0700));
}

TEST_F(FileBlobStoreTest, AReaderLendsItsFile) {
  const std::string bytes = sample(10'000);
  ASSERT_TRUE(upload(bytes));
  const auto reader = loop_.run(store_->open(digest_of(Algorithm::sha256, bytes))).value();
  std::string into(100, '?');
  ASSERT_EQ(::pread(reader->file(), into.data(), into.size(), 50), 100);
  EXPECT_EQ(into, bytes.substr(50, 100));
}

TEST_F(FileBlobStoreTest, OneProcessUsesARoot) {
  const auto second = FileBlobStore::open(root(), *blocking_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::unavailable);
  EXPECT_NE(second.error().message.find("process " + std::to_string(::getpid())), std::string::npos)
      << second.error().message;
  EXPECT_NE(second.error().message.find(root().native()), std::string::npos);
  restart();
}

TEST_F(FileBlobStoreTest, SaysWhereARootCannotBeMade) {
  write_file(root() / "file", "");
  const auto opened = FileBlobStore::open(root() / "file" / "below", *blocking_);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find((root() / "file").native()), std::string::npos);
}

TEST_F(FileBlobStoreTest, AnUploadSurvivesTheProcess) {
  const std::string bytes = sample(1'000'000);
  {
    auto session = create();
    ASSERT_TRUE(loop_.run(append(*session, std::string_view(bytes).substr(0, 600'000))));
    ASSERT_TRUE(loop_.run(session->flush()));
  }
  restart();
  EXPECT_THAT(loop_.run(store_->uploads()).value(), testing::ElementsAre(kId));
  auto session = resume().value();
  EXPECT_EQ(session->offset(), 600'000U);
  ASSERT_TRUE(loop_.run(append(*session, std::string_view(bytes).substr(600'000))));
  const auto digest = digest_of(Algorithm::sha256, bytes);
  EXPECT_EQ(loop_.run(session->commit(digest)), bytes.size());
  EXPECT_EQ(file_text(data_of(digest)), bytes);
  expect_tidy();
}

TEST_F(FileBlobStoreTest, ASurvivedUploadMayBeCutBeforeItGoesOn) {
  const std::string bytes = sample(700'000);
  {
    auto session = create();
    ASSERT_TRUE(loop_.run(append(*session, std::string_view(bytes).substr(0, 500'000))));
    ASSERT_TRUE(loop_.run(append(*session, "torn")));
    ASSERT_TRUE(loop_.run(session->flush()));
  }
  restart();
  auto session = resume().value();
  ASSERT_TRUE(loop_.run(session->truncate(500'000)));
  ASSERT_TRUE(loop_.run(append(*session, std::string_view(bytes).substr(500'000))));
  EXPECT_EQ(loop_.run(session->commit(digest_of(Algorithm::sha512, bytes))), bytes.size());
}

TEST_F(FileBlobStoreTest, AnUploadWithoutItsFileIsUnknownAndRemovable) {
  fs::create_directory(root() / paths::upload_folder(kId));
  restart();
  EXPECT_EQ(code_of(resume()), Code::blob_upload_unknown);
  EXPECT_THAT(loop_.run(store_->uploads()).value(), testing::ElementsAre(kId));
  ASSERT_TRUE(loop_.run(store_->remove_upload(kId)));
  expect_tidy();
}

TEST_F(FileBlobStoreTest, UploadsNeverFollowLinksOrStrangeNames) {
  const fs::path outside = root() / "outside";
  write_file(outside / "data", "secret");
  fs::create_directory_symlink(outside, root() / paths::upload_folder(kId));
  EXPECT_EQ(code_of(resume()), Code::blob_upload_unknown);
  EXPECT_EQ(code_of(loop_.run(store_->create_upload(kId, std::nullopt))),
            Code::blob_upload_invalid);
  fs::remove(root() / paths::upload_folder(kId));
  fs::create_directory(root() / paths::upload_folder(kId));
  fs::create_symlink(outside / "data", root() / paths::upload_data(kId));
  EXPECT_EQ(code_of(resume()), Code::blob_upload_unknown);

  for (const std::string& id :
       {std::string("../../outside"), std::string(), std::string(36, '.')}) {
    EXPECT_EQ(code_of(loop_.run(store_->create_upload(id, std::nullopt))),
              Code::blob_upload_invalid);
    EXPECT_EQ(code_of(loop_.run(store_->resume_upload(id, std::nullopt))),
              Code::blob_upload_unknown);
    EXPECT_TRUE(loop_.run(store_->remove_upload(id)));
  }
  EXPECT_EQ(file_text(outside / "data"), "secret");
}

TEST_F(FileBlobStoreTest, WhatAnEarlierProcessLeftHalfDoneGoesAway) {
  write_file(root() / paths::temporary_folder(0) / "data", "half");
  write_file(root() / paths::temporary_folder(99) / "data", "half");
  restart();
  EXPECT_THAT(names_in(root() / paths::kTemporary), IsEmpty());
  const auto digest = digest_of(Algorithm::sha256, "x");
  EXPECT_TRUE(loop_.run(store_->put(digest, "x")));
}

TEST_F(FileBlobStoreTest, AFileOfAnotherSizeIsReplaced) {
  const std::string bytes = sample(5000);
  const auto digest = digest_of(Algorithm::sha256, bytes);
  for (const std::size_t left : {0UL, 1UL, 4999UL, 5001UL}) {
    for (const bool by_session : {true, false}) {
      write_file(data_of(digest), sample(left, 7));
      if (by_session) {
        ASSERT_TRUE(upload(bytes)) << left;
      } else {
        ASSERT_TRUE(loop_.run(store_->put(digest, bytes))) << left;
      }
      EXPECT_EQ(file_text(data_of(digest)), bytes) << left;
      expect_tidy();
    }
  }
}

TEST_F(FileBlobStoreTest, OnlyEmptinessMayBeEmpty) {
  const auto digest = digest_of(Algorithm::sha256, "something");
  write_file(data_of(digest), "");
  EXPECT_EQ(code_of(loop_.run(store_->stat(digest))), Code::blob_unknown);
  EXPECT_EQ(code_of(loop_.run(store_->open(digest))), Code::blob_unknown);
  EXPECT_EQ(code_of(loop_.run(store_->read(digest, 9))), Code::blob_unknown);
  const auto empty = digest_of(Algorithm::sha256, "");
  write_file(data_of(empty), "something");
  EXPECT_EQ(code_of(loop_.run(store_->stat(empty))), Code::blob_unknown);
  write_file(data_of(empty), "");
  EXPECT_EQ(loop_.run(store_->stat(empty)), 0U);
  EXPECT_EQ(loop_.run(store_->read(empty, 0)), "");
}

TEST_F(FileBlobStoreTest, AFolderInTheFilesPlaceIsNoBlob) {
  const auto digest = digest_of(Algorithm::sha256, "x");
  fs::create_directories(data_of(digest));
  EXPECT_EQ(code_of(loop_.run(store_->stat(digest))), Code::blob_unknown);
  EXPECT_EQ(code_of(loop_.run(store_->open(digest))), Code::blob_unknown);
  EXPECT_FALSE(upload("x"));
}

TEST_F(FileBlobStoreTest, AMissingShardIsMadeAgain) {
  const auto digest = digest_of(Algorithm::sha512, "x");
  fs::remove_all(root() / paths::blobs(Algorithm::sha512));
  fs::create_directory(root() / paths::blobs(Algorithm::sha512));
  ASSERT_TRUE(loop_.run(store_->put(digest, "x")));
  EXPECT_EQ(file_text(data_of(digest)), "x");
}

TEST_F(FileBlobStoreTest, AStartMakesWhatIsMissingOfAPreparedRoot) {
  ASSERT_TRUE(fs::is_empty(root() / paths::kPrepared));
  fs::remove_all(root() / "docker");
  fs::remove_all(root() / paths::kUploads);
  restart();
  EXPECT_THAT(names_in(root() / paths::blobs(Algorithm::sha256)), testing::SizeIs(256));
  EXPECT_TRUE(upload("x"));
}

TEST_F(FileBlobStoreTest, ASessionDroppedWhileWritingLeavesWholeBuffers) {
  const std::string bytes = sample(700'000);
  for (int round = 0; round < 20; ++round) {
    auto session = create();
    ASSERT_TRUE(loop_.run(append(*session, bytes)));
    session.reset();
    // The write that was under way may still hold the upload for a moment.
    auto again = resume();
    while (!again) {
      ASSERT_EQ(code_of(again), Code::blob_upload_invalid);
      again = resume();
    }
    EXPECT_EQ((*again)->offset(), 524'288U);
    ASSERT_TRUE(loop_.run(append(**again, std::string_view(bytes).substr((*again)->offset()))));
    EXPECT_EQ(loop_.run((*again)->commit(digest_of(Algorithm::sha256, bytes))), bytes.size());
  }
}

/// Makes writes beyond `bytes` fail like those to a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    static_cast<void>(std::signal(SIGXFSZ, handler_));
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_F(FileBlobStoreTest, AFullDiskKeepsTheSessionAndWhatWasWhole) {
  constexpr std::size_t kStep = UploadBuffers::kSize;
  const std::string bytes = sample(10 * kStep);
  auto session = create();
  {
    const FileSizeLimit full(kStep + kStep / 2);
    // What is received runs ahead of the disk, but not so far that this would not be noticed.
    const auto refused = loop_.run(append(*session, bytes));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::insufficient_storage);
    EXPECT_EQ(session->offset(), kStep);
    EXPECT_EQ(fs::file_size(root() / paths::upload_data(kId)), kStep);

    ASSERT_TRUE(loop_.run(append(*session, std::string_view(bytes).substr(kStep, kStep * 3 / 4))));
    EXPECT_EQ(code_of(loop_.run(session->flush())), Code::insufficient_storage);
    EXPECT_EQ(session->offset(), kStep);

    ASSERT_TRUE(loop_.run(append(*session, std::string_view(bytes).substr(kStep, kStep * 3 / 4))));
    EXPECT_EQ(code_of(loop_.run(session->commit(digest_of(Algorithm::sha256, bytes)))),
              Code::insufficient_storage);
    EXPECT_EQ(session->offset(), kStep);
  }
  ASSERT_TRUE(loop_.run(append(*session, std::string_view(bytes).substr(kStep))));
  EXPECT_EQ(loop_.run(session->commit(digest_of(Algorithm::sha256, bytes))), bytes.size());
  expect_tidy();
}

TEST_F(FileBlobStoreTest, AFullDiskLeavesNothingOfAPut) {
  const std::string bytes = sample(5000);
  const auto digest = digest_of(Algorithm::sha256, bytes);
  {
    const FileSizeLimit full(4096);
    EXPECT_EQ(code_of(loop_.run(store_->put(digest, bytes))), Code::insufficient_storage);
    EXPECT_EQ(code_of(loop_.run(store_->put_verified(digest, bytes))), Code::insufficient_storage);
  }
  EXPECT_EQ(code_of(loop_.run(store_->stat(digest))), Code::blob_unknown);
  EXPECT_FALSE(fs::exists(data_of(digest).parent_path()));
  expect_tidy();
}

/// What an upload of `bytes` comes to when the disk wakes up only after that many were received.
Task<Result<std::uint64_t>> upload_before(UploadSession& session, std::string_view bytes,
                                          std::promise<void>& wake_up) {
  auto taken = co_await append(session, bytes);
  wake_up.set_value();
  if (!taken) co_return failure(taken.error());
  co_return co_await session.commit(digest_of(Algorithm::sha256, bytes));
}

TEST_F(FileBlobStoreTest, AnUploadRunsAheadOfASlowDisk) {
  auto session = create();
  std::promise<void> wake_up;
  auto awake = wake_up.get_future().share();
  std::atomic<int> in_time = 0;
  for (int thread = 0; thread < 3; ++thread) {
    ASSERT_TRUE(blocking_->post([&in_time, awake] {
      if (awake.wait_for(std::chrono::seconds(10)) == std::future_status::ready) ++in_time;
    }));
  }
  const std::string bytes = sample(4 * UploadBuffers::kSize + 1);
  EXPECT_EQ(loop_.run(upload_before(*session, bytes, wake_up)), bytes.size());
  EXPECT_EQ(in_time, 3);
  EXPECT_EQ(file_text(data_of(digest_of(Algorithm::sha256, bytes))), bytes);
}

TEST_F(FileBlobStoreTest, BuffersAreScarceWhileManyAreLent) {
  const auto buffers = std::make_shared<UploadBuffers>();
  std::vector<UploadBuffers::Buffer> lent(16);
  for (auto& buffer : lent) buffer = UploadBuffers::borrow(buffers);
  EXPECT_FALSE(buffers->scarce());
  auto one_more = UploadBuffers::borrow(buffers);
  EXPECT_TRUE(buffers->scarce());
  one_more.release();
  EXPECT_FALSE(buffers->scarce());
}

TEST_F(FileBlobStoreTest, AFullPoolIsAnErrorNotALoss) {
  const std::string bytes = sample(300'000);
  {
    auto session = create();
    ASSERT_TRUE(loop_.run(append(*session, std::string_view(bytes).substr(0, 1000))));
    ASSERT_TRUE(loop_.run(session->flush()));
  }
  stop();
  blocking_.emplace("none", 0U, 1U);  // takes one job and never runs it
  store_ = FileBlobStore::open(root(), *blocking_).value();
  ASSERT_TRUE(blocking_->post([] {}));
  EXPECT_EQ(code_of(resume()), Code::unavailable);
  restart();
  auto session = resume().value();
  EXPECT_EQ(session->offset(), 1000U);
}

TEST_F(FileBlobStoreTest, APoolThatIsFullInMidUploadLosesNothingThatWasThere) {
  constexpr std::size_t kStep = UploadBuffers::kSize;
  const std::string bytes = sample(3 * kStep);
  stop();
  blocking_.emplace("one", 1U, 1U);
  store_ = FileBlobStore::open(root(), *blocking_).value();
  auto session = create();
  ASSERT_TRUE(loop_.run(append(*session, std::string_view(bytes).substr(0, kStep))));
  ASSERT_TRUE(loop_.run(session->flush()));
  {
    std::promise<void> begun;
    std::promise<void> go_on;
    ASSERT_TRUE(blocking_->post([&] {
      begun.set_value();
      go_on.get_future().wait();
    }));
    begun.get_future().wait();
    ASSERT_TRUE(blocking_->post([] {}));
    EXPECT_EQ(code_of(loop_.run(append(*session, std::string_view(bytes).substr(kStep)))),
              Code::unavailable);
    EXPECT_EQ(session->offset(), kStep);
    go_on.set_value();
    blocking_->finish();
  }
  session.reset();
  restart();
  session = resume().value();
  EXPECT_EQ(session->offset(), kStep);
  ASSERT_TRUE(loop_.run(append(*session, std::string_view(bytes).substr(kStep))));
  EXPECT_EQ(loop_.run(session->commit(digest_of(Algorithm::sha256, bytes))), bytes.size());
}

TEST_F(FileBlobStoreTest, AFileThatIsNoUploadAnyMoreIsNotCut) {
  auto session = create();
  ASSERT_TRUE(loop_.run(append(*session, "bytes")));
  ASSERT_TRUE(loop_.run(session->flush()));
  const fs::path upload = root() / paths::upload_data(kId);
  const fs::path other = root() / "other";
  fs::create_hard_link(upload, other);
  fs::remove_all(upload.parent_path());
  ASSERT_FALSE(loop_.run(session->commit(digest_of(Algorithm::sha256, "bytes"))));
  EXPECT_FALSE(loop_.run(session->truncate(0)));
  EXPECT_EQ(file_text(other), "bytes");
}

TEST_F(FileBlobStoreTest, ManyMayCommitAndRemoveOneBlobAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 12;
  const std::string bytes = sample(300'000);
  const auto digest = digest_of(Algorithm::sha256, bytes);
  std::atomic<int> good = 0;
  const auto push = [&](int thread) {
    TestLoop loop;
    for (int round = 0; round < kRounds; ++round) {
      std::string id = kId;
      id[0] = static_cast<char>('a' + thread);
      auto session = loop.run(store_->create_upload(id, std::nullopt)).value();
      if (!loop.run(append(*session, bytes))) continue;
      const auto done = loop.run(session->commit(digest));
      good += done == bytes.size() ? 1 : 0;
      EXPECT_TRUE(done) << done.error().message << " " << done.error().detail;
      const auto put = loop.run(store_->put(digest, bytes));
      EXPECT_TRUE(put) << put.error().message << " " << put.error().detail;
      if (round % 3 == thread % 3) std::ignore = loop.run(store_->remove(digest));
      const auto read = loop.run(store_->read(digest, bytes.size()));
      EXPECT_TRUE(read ? *read == bytes : read.error().code == Code::blob_unknown);
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(push, i);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, kThreads * kRounds);
  expect_tidy();
}

TEST(FileBlobConfig, HasADefaultRoot) {
  const auto document = config::Document::parse("{}", "/etc/moorgate.yml");
  EXPECT_EQ(parse_file_blob(document.root()).root, "./moorgate-data");
  const auto given = config::Document::parse("root: data", "/etc/moorgate.yml");
  EXPECT_EQ(parse_file_blob(given.root()).root, "/etc/data");
  EXPECT_THAT(given.problems(), IsEmpty());
}

}  // namespace
}  // namespace moorgate::blob
