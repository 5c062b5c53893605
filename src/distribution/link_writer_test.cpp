#include "distribution/link_writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/file.hpp"
#include "base/seccomp_test_kit.hpp"
#include "distribution/tree_paths.hpp"
#include "meta/metadata_test_kit.hpp"

namespace moorgate::distribution {
namespace {

namespace fs = std::filesystem;
using meta::LinkChange;
using Kind = LinkChange::Kind;

/// syncfs() fails for the rest of this thread's life.
void take_syncfs_away() {
  std::array<sock_filter, 4> filter{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_syncfs, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  if (!test::filter_system_calls(filter)) ADD_FAILURE() << "no seccomp here";
}

class LinkWriterTest : public testing::Test {
 protected:
  LinkWriterTest() {
    fs::create_directories(folder / ".moorgate/tmp");
    writer.emplace(UniqueFd(::open((folder / "").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
                   disk);
  }

  static LinkChange change(Kind kind, unsigned digest, bool present = true, std::string tag = {}) {
    return {.kind = kind,
            .present = present,
            .repository = "team/app",
            .tag = std::move(tag),
            .digest = meta::test::digest(digest)};
  }
  void apply(std::vector<LinkChange> changes) { ASSERT_TRUE(writer->apply(changes)); }

  /// Every file below the links, relative to the repository.
  std::set<std::string> files() const {
    std::set<std::string> found;
    const fs::path root = folder / paths::repository("team/app");
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (entry.is_regular_file()) found.insert(fs::relative(entry.path(), root));
    }
    return found;
  }
  std::string current(const std::string& tag) const {
    return *read_file(folder / paths::tag_current("team/app", tag) / "link", 200);
  }
  static std::string at(std::string_view where, unsigned digest) {
    return std::string(where) + "/" + paths::digest_folder(meta::test::digest(digest)) + "/link";
  }

  meta::test::TemporaryFolder folder;
  net::Blocking disk{"disk", 2, 8};
  std::optional<LinkWriter> writer;
};

TEST_F(LinkWriterTest, WritesWhatDockersRegistryReads) {
  apply({change(Kind::tag, 2, true, "v1"), change(Kind::manifest, 2), change(Kind::blob, 1)});
  EXPECT_EQ(files(), (std::set<std::string>{at("_layers", 1), at("_manifests/revisions", 2),
                                            at("_manifests/tags/v1/index", 2),
                                            "_manifests/tags/v1/current/link"}));
  EXPECT_EQ(current("v1"), meta::test::digest(2).text());
}

TEST_F(LinkWriterTest, TheLastWordAboutALinkHolds) {
  apply({change(Kind::blob, 1, false), change(Kind::blob, 1), change(Kind::tag, 1, true, "v1"),
         change(Kind::tag, 2, true, "v1"), change(Kind::tag, 2, true, "gone"),
         change(Kind::tag, 2, false, "gone")});
  EXPECT_EQ(files(), (std::set<std::string>{at("_layers", 1), at("_manifests/tags/v1/index", 2),
                                            "_manifests/tags/v1/current/link"}));
}

TEST_F(LinkWriterTest, RemovesLinksAndTagsAndMayDoSoAgain) {
  apply({change(Kind::blob, 1), change(Kind::manifest, 2), change(Kind::tag, 2, true, "v1")});
  for (int i = 0; i < 2; ++i) {
    apply({change(Kind::tag, 2, false, "v1"), change(Kind::manifest, 2, false),
           change(Kind::blob, 1, false)});
    EXPECT_TRUE(files().empty());
  }
  EXPECT_TRUE(fs::is_empty(folder / ".moorgate/tmp"));
}

/// Distribution lists the folders as tags: a kill must not leave one that points at nothing.
TEST_F(LinkWriterTest, ANewTagAppearsWithWhatItPointsAt) {
  apply({change(Kind::tag, 1, true, "earlier")});
  const UniqueFd events(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  const fs::path tags = (folder / paths::tag("team/app", "v1")).parent_path();
  ASSERT_GE(::inotify_add_watch(events.get(), tags.c_str(), IN_CREATE | IN_MOVED_TO), 0);
  apply({change(Kind::tag, 1, true, "v1")});
  alignas(inotify_event) std::array<char, 4096> buffer{};
  const ssize_t got = ::read(events.get(), buffer.data(), buffer.size());
  ASSERT_GE(got, static_cast<ssize_t>(sizeof(inotify_event)));
  inotify_event event{};
  std::memcpy(&event, buffer.data(), sizeof event);
  EXPECT_EQ(event.mask & (IN_CREATE | IN_MOVED_TO), IN_MOVED_TO);
  EXPECT_STREQ(buffer.data() + sizeof event, "v1");
  EXPECT_EQ(got, static_cast<ssize_t>(sizeof event + event.len));
}

TEST_F(LinkWriterTest, WhatATagPointsAtComesBeforeItsHistory) {
  apply({change(Kind::tag, 1, true, "v1")});
  const fs::path history = folder / paths::tag("team/app", "v1") / paths::kIndex;
  fs::remove_all(history);
  std::ofstream(history) << "in the way";
  const std::vector<LinkChange> changes = {change(Kind::tag, 2, true, "v1")};
  EXPECT_FALSE(writer->apply(changes));
  EXPECT_EQ(current("v1"), meta::test::digest(2).text());
}

TEST_F(LinkWriterTest, ManyAtOnce) {
  std::vector<LinkChange> changes;
  for (unsigned i = 0; i < 500; ++i) changes.push_back(change(Kind::blob, i));
  apply(changes);
  EXPECT_EQ(files().size(), 500);
}

TEST_F(LinkWriterTest, AnObstacleIsAnErrorAndTheNextAttemptMendsIt) {
  const fs::path obstacle = folder / paths::repository("team/app");
  fs::create_directories(obstacle.parent_path());
  std::ofstream(obstacle) << "in the way";
  const std::vector<LinkChange> changes = {change(Kind::blob, 1)};
  EXPECT_FALSE(writer->apply(changes));
  EXPECT_TRUE(fs::is_empty(folder / ".moorgate/tmp"));
  fs::remove(obstacle);
  apply(changes);
  EXPECT_EQ(files(), std::set<std::string>{at("_layers", 1)});
}

/// What a first attempt did the second does not see missing, so the whole disk has to be synced.
TEST_F(LinkWriterTest, WhatWasBegunEarlierIsDurableTooBeforeItCounts) {
  apply({change(Kind::tag, 1, true, "v1")});
  const std::vector<LinkChange> removal = {change(Kind::tag, 1, false, "v1")};
  const std::vector<LinkChange> more = {change(Kind::blob, 1)};
  const fs::path obstacle = folder / paths::repository("team/app") / "_layers";
  std::vector<bool> done;
  // A thread of its own, for only that loses syncfs().
  std::thread([&] {
    take_syncfs_away();
    done.push_back(writer->apply(removal).has_value());
    std::ofstream(obstacle) << "in the way";
    done.push_back(writer->apply(more).has_value());
    fs::remove(obstacle);
    done.push_back(writer->apply(more).has_value());
    done.push_back(writer->replay(removal).has_value());
  }).join();
  EXPECT_EQ(done, (std::vector{true, false, false, false}));
  apply({change(Kind::blob, 1)});
}

TEST_F(LinkWriterTest, AReplayLeavesATagAloneThatAnotherHasMovedSince) {
  apply({change(Kind::tag, 9, true, "theirs"), change(Kind::tag, 1, true, "ours"),
         change(Kind::tag, 9, true, "older")});
  std::vector<LinkChange> journal = {
      change(Kind::tag, 1, true, "theirs"), change(Kind::tag, 1, true, "ours"),
      change(Kind::tag, 2, true, "ours"), change(Kind::tag, 1, true, "older")};
  // Before the links were written, save the last.
  journal.back().changed_at = std::int64_t{1} << 60;
  ASSERT_TRUE(writer->replay(journal));
  EXPECT_EQ(current("theirs"), meta::test::digest(9).text());
  EXPECT_EQ(current("ours"), meta::test::digest(2).text());
  EXPECT_EQ(current("older"), meta::test::digest(1).text());
}

}  // namespace
}  // namespace moorgate::distribution
