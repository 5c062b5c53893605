#include "meta/link_journal.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "meta/metadata_test_kit.hpp"
#include "meta/tree_metadata.hpp"

namespace moorgate::meta {
namespace {

using test::code_of;
using test::digest;
using test::new_manifest;
using test::repository;
using test::run;
using testing::ElementsAre;
using testing::IsEmpty;

/// Remembers what it is told, in words, or fails.
class Diary final : public LinkKeeper {
 public:
  Result<> apply(std::span<const LinkChange> changes) override {
    if (failing) return failure(Code::insufficient_storage, "no room");
    for (const auto& change : changes) {
      const char* const kind = change.kind == LinkChange::Kind::blob       ? "blob "
                               : change.kind == LinkChange::Kind::manifest ? "manifest "
                                                                           : "tag ";
      entries.push_back((change.present ? "+" : "-") + std::string(kind) + change.repository +
                        (change.tag.empty() ? "" : ":" + change.tag));
    }
    return {};
  }
  std::atomic<bool> failing = false;
  std::vector<std::string> entries;
};

class Links : public testing::Test {
 protected:
  explicit Links(LinksMode mode = LinksMode::linked) {
    std::ignore = (*TreeMetadata::open(folder / "m.db"))->set_mode(mode);
    open();
  }
  void open() {
    store.reset();
    store = *SqliteMetadata::open(folder / "m.db", {.links = &diary});
  }
  std::size_t left() {
    store.reset();
    return (*TreeMetadata::open(folder / "m.db"))->journal()->size();
  }

  test::TemporaryFolder folder;
  Diary diary;
  std::unique_ptr<SqliteMetadata> store;
};

TEST_F(Links, EveryChangeIsKeptBeforeItIsAnswered) {
  const auto app = repository("app");
  EXPECT_TRUE(run(store->link_blob(app, digest(1), 7)));
  EXPECT_THAT(std::exchange(diary.entries, {}), ElementsAre("+blob app"));
  EXPECT_TRUE(run(store->put_manifest(new_manifest("app", digest(2), {"v1"}))));
  EXPECT_THAT(std::exchange(diary.entries, {}), ElementsAre("+manifest app", "+tag app:v1"));
  EXPECT_TRUE(run(store->put_manifest(new_manifest("app", digest(3), {"v1"}))));
  EXPECT_THAT(std::exchange(diary.entries, {}), ElementsAre("+manifest app", "+tag app:v1"));
  EXPECT_TRUE(run(store->delete_tag(app, test::tag("v1"), {}, "alice")));
  EXPECT_THAT(std::exchange(diary.entries, {}), ElementsAre("-tag app:v1"));
  EXPECT_TRUE(run(store->put_manifest(new_manifest("app", digest(3), {"v2"}))));
  diary.entries.clear();
  EXPECT_TRUE(run(store->delete_manifest(app, digest(3), {}, "alice")));
  EXPECT_THAT(std::exchange(diary.entries, {}), ElementsAre("-tag app:v2", "-manifest app"));
  EXPECT_TRUE(run(store->unlink_blob(app, digest(1))));
  EXPECT_THAT(diary.entries, ElementsAre("-blob app"));
  EXPECT_EQ(left(), 0);
}

TEST_F(Links, WhatChangesNothingOrIsRefusedLeavesNoTrace) {
  const auto app = repository("app");
  EXPECT_TRUE(run(store->link_blob(app, digest(1), 7)));
  diary.entries.clear();
  EXPECT_TRUE(run(store->link_blob(app, digest(1), 7)));
  EXPECT_EQ(code_of(run(store->put_manifest(new_manifest(
                "app", digest(2), {"v1"}, {test::link(oci::Role::layer, digest(9))})))),
            Code::manifest_blob_unknown);
  EXPECT_THAT(diary.entries, IsEmpty());
}

TEST_F(Links, AFailingKeeperFailsEveryWriteUntilItHasCaughtUp) {
  const auto app = repository("app");
  diary.failing = true;
  EXPECT_EQ(code_of(run(store->link_blob(app, digest(1), 7))), Code::insufficient_storage);
  // The database has it, the links do not.
  EXPECT_TRUE(run(store->find_blob(app, digest(1))));
  EXPECT_EQ(code_of(run(store->link_blob(app, digest(1), 7))), Code::insufficient_storage);
  diary.failing = false;
  EXPECT_TRUE(run(store->link_blob(app, digest(2), 7)));
  EXPECT_THAT(diary.entries, ElementsAre("+blob app", "+blob app"));
  EXPECT_EQ(left(), 0);
}

TEST_F(Links, WhatWasNotKeptStaysInTheJournal) {
  diary.failing = true;
  EXPECT_FALSE(run(store->link_blob(repository("app"), digest(1), 7)));
  EXPECT_EQ(left(), 1);
}

class NoLinks : public Links {
 protected:
  NoLinks() : Links(LinksMode::unlinked) {}
};

TEST_F(NoLinks, NothingIsJournaledWhereLinksAreNotKept) {
  EXPECT_TRUE(run(store->put_manifest(new_manifest("app", digest(2), {"v1"}))));
  EXPECT_THAT(diary.entries, IsEmpty());
  EXPECT_EQ(left(), 0);
}

TEST(TreeMetadata, TakesWhatATreeSaysAndDropsWhatItDoesNotSay) {
  const test::TemporaryFolder folder;
  auto metadata = *TreeMetadata::open(folder / "m.db");
  const auto app = repository("app");
  RepositoryChanges changes;
  changes.blobs.push_back({.digest = digest(1), .size = 7, .linked_at = 100});
  // Its layer is missing, which is the tree's affair.
  changes.manifests.push_back(
      {.manifest = new_manifest("app", digest(2), {}, {test::link(oci::Role::layer, digest(9))}),
       .pushed_at = 200});
  changes.tags.push_back({.tag = "v1", .moves = {{50, digest(3)}, {200, digest(2)}}});
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(metadata->adopt(app, changes));
    const auto content = *metadata->content("app");
    EXPECT_EQ(content.blobs.at(digest(1)), 7);
    EXPECT_EQ(content.manifests.count(digest(2)), 1);
    EXPECT_EQ(content.tags.at("v1"), digest(2));
  }
  RepositoryChanges gone;
  gone.gone = *metadata->content("app");
  ASSERT_TRUE(metadata->adopt(app, gone));
  EXPECT_TRUE(metadata->content("app")->empty());
  ASSERT_TRUE(metadata->set_mode(LinksMode::linked));
  EXPECT_EQ(*metadata->mode(), LinksMode::linked);
}

}  // namespace
}  // namespace moorgate::meta
