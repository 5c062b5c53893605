#include "meta/sqlite_metadata.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "meta/metadata_test_kit.hpp"

namespace moorgate::meta {
namespace {

using oci::Role;
using test::code_of;
using test::digest;
using test::link;
using test::new_manifest;
using test::reference;
using test::repository;
using test::run;
using test::tag;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Manifests : public test::StoreTest {};

TEST_F(Manifests, AreFoundByTagAndByDigest) {
  ASSERT_TRUE(run(store->put_manifest(new_manifest("team/app", digest(1), {"v1", "latest"}))));
  for (const auto& wanted : {std::string("v1"), std::string("latest"), digest(1).text()}) {
    const auto found = run(store->find_manifest(repository("team/app"), reference(wanted)));
    ASSERT_TRUE(found) << wanted;
    EXPECT_EQ(found->digest, digest(1));
    EXPECT_EQ(found->media_type, oci::media_type::kOciManifest);
    EXPECT_EQ(found->size, 100U);
  }
}

TEST_F(Manifests, TellsAnUnknownRepositoryFromAnUnknownManifest) {
  ASSERT_TRUE(run(store->put_manifest(new_manifest("app", digest(1), {"v1"}))));
  const auto code = [this](const char* name, const std::string& wanted) {
    return code_of(run(store->find_manifest(repository(name), reference(wanted))));
  };
  EXPECT_EQ(code("app", "v2"), Code::manifest_unknown);
  EXPECT_EQ(code("app", digest(2).text()), Code::manifest_unknown);
  EXPECT_EQ(code("other", "v1"), Code::name_unknown);
  EXPECT_EQ(code("other", digest(1).text()), Code::name_unknown);
}

TEST_F(Manifests, KeepTheAlgorithmThatATagWasPushedWith) {
  const auto sha512 = digest(1, oci::Algorithm::sha512);
  ASSERT_TRUE(run(store->put_manifest(new_manifest("app", digest(1), {"short"}))));
  ASSERT_TRUE(run(store->put_manifest(new_manifest("app", sha512, {"long"}))));
  EXPECT_EQ(run(store->find_manifest(repository("app"), reference("short")))->digest, digest(1));
  EXPECT_EQ(run(store->find_manifest(repository("app"), reference("long")))->digest, sha512);
}

TEST_F(Manifests, NeedWhatTheyRequireInTheSameRepository) {
  const auto push =
      new_manifest("app", digest(9), {"v1"},
                   {link(Role::config, digest(1)), link(Role::layer, digest(2)),
                    link(Role::layer, digest(2)), link(Role::child, digest(3)),
                    link(Role::layer, digest(4), false), link(Role::subject, digest(5), false)});
  // Bytes that another repository has, a blob where a manifest is meant: neither counts.
  ASSERT_TRUE(run(store->link_blob(repository("other"), digest(1), 7)));
  ASSERT_TRUE(run(store->link_blob(repository("app"), digest(3), 7)));
  const auto refused = run(store->put_manifest(push));
  ASSERT_EQ(code_of(refused), Code::manifest_blob_unknown);
  for (unsigned seed : {1U, 2U, 3U}) {
    EXPECT_THAT(refused.error().message, HasSubstr(digest(seed).text()));
  }
  for (unsigned seed : {4U, 5U}) {
    EXPECT_THAT(refused.error().message, Not(HasSubstr(digest(seed).text())));
  }
  EXPECT_EQ(code_of(run(store->find_manifest(repository("app"), reference("v1")))),
            Code::manifest_unknown);

  ASSERT_TRUE(run(store->link_blob(repository("app"), digest(1), 7)));
  // A layer may be the bytes of a manifest.
  ASSERT_TRUE(run(store->put_manifest(new_manifest("app", digest(2)))));
  ASSERT_TRUE(run(store->put_manifest(new_manifest("app", digest(3)))));
  EXPECT_TRUE(run(store->put_manifest(push)));
}

TEST_F(Manifests, ARefusedPushLeavesNoRepositoryBehind) {
  const auto push = new_manifest("app", digest(9), {"v1"}, {link(Role::layer, digest(1))});
  ASSERT_EQ(code_of(run(store->put_manifest(push))), Code::manifest_blob_unknown);
  EXPECT_EQ(code_of(run(store->tags(repository("app"), {}))), Code::name_unknown);
}

TEST_F(Manifests, NamesOnlySomeOfManyMissingBlobs) {
  std::vector<oci::ManifestLink> links;
  links.reserve(20);
  for (unsigned i = 0; i < 20; ++i) links.push_back(link(Role::layer, digest(100 + i)));
  const auto refused = run(store->put_manifest(new_manifest("app", digest(9), {}, links)));
  ASSERT_EQ(code_of(refused), Code::manifest_blob_unknown);
  EXPECT_THAT(refused.error().message, HasSubstr("and 12 more"));
}

TEST_F(Manifests, TakeTheirTagsAlongWhenDeleted) {
  ASSERT_TRUE(run(store->put_manifest(new_manifest("app", digest(1), {"a", "b"}))));
  ASSERT_TRUE(run(store->put_manifest(new_manifest("app", digest(2), {"c"}))));
  ASSERT_TRUE(run(store->delete_manifest(repository("app"), digest(1), {}, "bob")));
  EXPECT_THAT(run(store->tags(repository("app"), {}))->names, ElementsAre("c"));
  EXPECT_EQ(code_of(run(store->find_manifest(repository("app"), reference(digest(1).text())))),
            Code::manifest_unknown);
  EXPECT_EQ(code_of(run(store->delete_manifest(repository("app"), digest(1), {}, "bob"))),
            Code::manifest_unknown);
  EXPECT_EQ(code_of(run(store->delete_manifest(repository("no"), digest(1), {}, "bob"))),
            Code::name_unknown);
}

TEST_F(Manifests, SurviveTheirTags) {
  ASSERT_TRUE(run(store->put_manifest(new_manifest("app", digest(1), {"a"}))));
  ASSERT_TRUE(run(store->delete_tag(repository("app"), tag("a"), {}, "bob")));
  EXPECT_THAT(run(store->tags(repository("app"), {}))->names, IsEmpty());
  EXPECT_TRUE(run(store->find_manifest(repository("app"), reference(digest(1).text()))));
  EXPECT_EQ(code_of(run(store->delete_tag(repository("app"), tag("a"), {}, "bob"))),
            Code::manifest_unknown);
  EXPECT_EQ(code_of(run(store->delete_tag(repository("no"), tag("a"), {}, "bob"))),
            Code::name_unknown);
}

class Preconditions : public test::StoreTest {
 protected:
  std::optional<Code> push(unsigned seed, std::vector<std::string_view> tags,
                           Precondition only_if) {
    auto manifest = new_manifest("app", digest(seed), std::move(tags));
    manifest.precondition = std::move(only_if);
    return code_of(run(store->put_manifest(std::move(manifest))));
  }
};

TEST_F(Preconditions, AreCheckedAgainstTheTagsThatAreWritten) {
  EXPECT_EQ(push(1, {"v1"}, {.any_existing = true}), Code::precondition_failed);
  EXPECT_EQ(push(1, {"v1"}, {.match = {digest(1)}}), Code::precondition_failed);
  EXPECT_EQ(push(1, {"v1"}, {.absent = true}), std::nullopt);
  EXPECT_EQ(push(2, {"v1"}, {.absent = true}), Code::precondition_failed);
  EXPECT_EQ(push(2, {"v2", "v1"}, {.absent = true}), Code::precondition_failed);
  EXPECT_EQ(push(2, {"v1"}, {.match = {digest(2)}}), Code::precondition_failed);
  EXPECT_EQ(push(2, {"v1"}, {.match = {digest(2), digest(1)}}), std::nullopt);
  EXPECT_EQ(push(3, {"v1"}, {.any_existing = true}), std::nullopt);
  EXPECT_EQ(run(store->find_manifest(repository("app"), reference("v1")))->digest, digest(3));
}

TEST_F(Preconditions, AreCheckedAgainstTheManifestWhereNoTagIsWritten) {
  EXPECT_EQ(push(1, {}, {.any_existing = true}), Code::precondition_failed);
  EXPECT_EQ(push(1, {}, {.absent = true}), std::nullopt);
  EXPECT_EQ(push(1, {}, {.absent = true}), Code::precondition_failed);
  EXPECT_EQ(push(1, {}, {.match = {digest(1)}}), std::nullopt);
}

TEST_F(Preconditions, HoldForDeletionsToo) {
  ASSERT_EQ(push(1, {"v1"}, {}), std::nullopt);
  const Precondition other{.match = {digest(2)}};
  const Precondition same{.match = {digest(1)}};
  EXPECT_EQ(code_of(run(store->delete_tag(repository("app"), tag("v1"), other, "bob"))),
            Code::precondition_failed);
  EXPECT_EQ(code_of(run(store->delete_manifest(repository("app"), digest(1), other, "bob"))),
            Code::precondition_failed);
  EXPECT_TRUE(run(store->delete_tag(repository("app"), tag("v1"), same, "bob")));
  EXPECT_TRUE(run(store->delete_manifest(repository("app"), digest(1), same, "bob")));
}

class Pages : public test::StoreTest {};

TEST_F(Pages, OfTagsComeInByteOrderAndEndExactly) {
  ASSERT_TRUE(run(
      store->put_manifest(new_manifest("app", digest(1), {"b", "A", "a.1", "a-1", "_x", "a"}))));
  const auto page = [this](std::size_t limit, std::string after) {
    return *run(store->tags(repository("app"), {.limit = limit, .after = std::move(after)}));
  };
  EXPECT_THAT(page(100, "").names, ElementsAre("A", "_x", "a", "a-1", "a.1", "b"));
  EXPECT_FALSE(page(100, "").more);
  EXPECT_THAT(page(2, "").names, ElementsAre("A", "_x"));
  EXPECT_TRUE(page(2, "").more);
  EXPECT_THAT(page(2, "a").names, ElementsAre("a-1", "a.1"));
  EXPECT_TRUE(page(2, "a").more);
  EXPECT_THAT(page(1, "a.1").names, ElementsAre("b"));
  EXPECT_FALSE(page(1, "a.1").more);
  EXPECT_THAT(page(9, "between").names, IsEmpty());
  EXPECT_THAT(page(0, "").names, IsEmpty());
  EXPECT_FALSE(page(0, "").more);
  EXPECT_EQ(page(std::size_t(-1), "").names.size(), 6U);
}

TEST_F(Pages, OfRepositoriesShowThoseWithAManifest) {
  ASSERT_TRUE(run(store->link_blob(repository("only-blobs"), digest(7), 1)));
  for (const char* name : {"b", "a/b", "a-b", "a"}) {
    ASSERT_TRUE(run(store->put_manifest(new_manifest(name, digest(1)))));
    ASSERT_TRUE(run(store->put_manifest(new_manifest(name, digest(1), {"again"}))));
  }
  EXPECT_THAT(run(store->repositories({}))->names, ElementsAre("a", "a-b", "a/b", "b"));
  const auto page = run(store->repositories({.limit = 2, .after = "a"}));
  EXPECT_THAT(page->names, ElementsAre("a-b", "a/b"));
  EXPECT_TRUE(page->more);
  ASSERT_TRUE(run(store->delete_manifest(repository("a-b"), digest(1), {}, "bob")));
  EXPECT_THAT(run(store->repositories({}))->names, ElementsAre("a", "a/b", "b"));
  // Emptied, but not unknown.
  EXPECT_THAT(run(store->tags(repository("a-b"), {}))->names, IsEmpty());
}

class Referrers : public test::StoreTest {
 protected:
  void attach(unsigned seed, const oci::Digest& subject, std::string artifact_type,
              std::vector<std::pair<std::string, std::string>> annotations) {
    auto push = new_manifest("app", digest(seed), {}, {link(Role::subject, subject, false)});
    push.manifest.artifact_type = std::move(artifact_type);
    push.manifest.annotations = std::move(annotations);
    ASSERT_TRUE(run(store->put_manifest(std::move(push))));
  }
};

TEST_F(Referrers, AreListedWithTheirAnnotationsVerbatimAndInOrder) {
  const std::vector<std::pair<std::string, std::string>> notes = {
      {"z", "first \"quoted\"\n"}, {"a", ""}, {"ü", std::string(10'000, 'x')}, {"", "empty key"}};
  attach(2, digest(1), "application/x-sbom", notes);
  attach(3, digest(1), "", {});
  attach(4, digest(9), "application/x-sbom", {});
  // Pushing it again doubles nothing.
  attach(2, digest(1), "application/x-sbom", notes);

  const auto all = run(store->referrers(repository("app"), digest(1), ""));
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->at(0).digest, digest(2));
  EXPECT_EQ(all->at(0).media_type, oci::media_type::kOciManifest);
  EXPECT_EQ(all->at(0).size, 100U);
  EXPECT_EQ(all->at(0).artifact_type, "application/x-sbom");
  EXPECT_EQ(all->at(0).annotations, notes);
  EXPECT_EQ(all->at(1).digest, digest(3));
  EXPECT_EQ(all->at(1).artifact_type, "");

  const auto some = run(store->referrers(repository("app"), digest(1), "application/x-sbom"));
  ASSERT_EQ(some->size(), 1U);
  EXPECT_EQ(some->front().digest, digest(2));
}

TEST_F(Referrers, AreNeverAnErrorAndEndWithTheirManifest) {
  EXPECT_TRUE(run(store->referrers(repository("nowhere"), digest(1), ""))->empty());
  attach(2, digest(1), "", {{"k", "v"}});
  EXPECT_TRUE(run(store->referrers(repository("other"), digest(1), ""))->empty());
  ASSERT_TRUE(run(store->delete_manifest(repository("app"), digest(2), {}, "bob")));
  EXPECT_TRUE(run(store->referrers(repository("app"), digest(1), ""))->empty());
  attach(2, digest(1), "", {});
  EXPECT_TRUE(run(store->referrers(repository("app"), digest(1), ""))->front().annotations.empty());
}

class Blobs : public test::StoreTest {};

TEST_F(Blobs, AreSeenOnlyWhereLinked) {
  ASSERT_TRUE(run(store->link_blob(repository("app"), digest(1), 42)));
  EXPECT_EQ(run(store->find_blob(repository("app"), digest(1))), 42U);
  EXPECT_EQ(code_of(run(store->find_blob(repository("other"), digest(1)))), Code::blob_unknown);
  EXPECT_EQ(code_of(run(store->find_blob(repository("app"), digest(2)))), Code::blob_unknown);
  EXPECT_EQ(code_of(run(store->unlink_blob(repository("other"), digest(1)))), Code::blob_unknown);
  EXPECT_TRUE(run(store->unlink_blob(repository("app"), digest(1))));
  EXPECT_EQ(code_of(run(store->find_blob(repository("app"), digest(1)))), Code::blob_unknown);
  EXPECT_EQ(code_of(run(store->unlink_blob(repository("app"), digest(1)))), Code::blob_unknown);
}

TEST_F(Blobs, IncludeTheBytesOfManifests) {
  ASSERT_TRUE(run(store->put_manifest(new_manifest("app", digest(1)))));
  EXPECT_EQ(run(store->find_blob(repository("app"), digest(1))), 100U);
}

TEST_F(Blobs, KnowWhoHoldsThem) {
  for (const char* name : {"a", "b", "c"}) {
    ASSERT_TRUE(run(store->link_blob(repository(name), digest(1), 42)));
  }
  EXPECT_THAT(*run(store->blob_holders(digest(1), 2)),
              ElementsAre(repository("a"), repository("b")));
  EXPECT_THAT(*run(store->blob_holders(digest(2), 2)), IsEmpty());
}

class Uploads : public test::StoreTest {
 protected:
  static UploadRecord record(std::string id, std::int64_t touched) {
    return {.id = std::move(id),
            .repository = repository("app"),
            .owner = "alice",
            .algorithm = oci::Algorithm::sha512,
            .started = 5,
            .touched = touched};
  }
};

TEST_F(Uploads, AreRememberedUntilRemoved) {
  store->create_upload(record("one", 10), {});
  store->touch_upload("one", 77);
  // Any awaited write comes after those two.
  ASSERT_TRUE(run(store->remove_upload("another")));
  const auto found = run(store->find_upload(repository("app"), "one"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->owner, "alice");
  EXPECT_EQ(found->offset, 77U);
  EXPECT_EQ(found->algorithm, oci::Algorithm::sha512);
  EXPECT_EQ(found->started, 5);
  EXPECT_GT(found->touched, 10);
  EXPECT_EQ(code_of(run(store->find_upload(repository("other"), "one"))),
            Code::blob_upload_unknown);
  ASSERT_TRUE(run(store->remove_upload("one")));
  EXPECT_EQ(code_of(run(store->find_upload(repository("app"), "one"))), Code::blob_upload_unknown);
}

TEST_F(Uploads, AreThereOnceEverythingHasSettled) {
  std::atomic<bool> recorded = false;
  store->create_upload(record("one", 10), [&recorded] { recorded = true; });
  ASSERT_TRUE(run(store->settled()));
  EXPECT_TRUE(recorded);
  EXPECT_TRUE(run(store->find_upload(repository("app"), "one")));
}

TEST_F(Uploads, BecomeLinkedBlobsInOneStep) {
  store->create_upload(record("one", 10), {});
  ASSERT_TRUE(run(store->finish_upload("one", repository("app"), digest(1), 42)));
  EXPECT_EQ(run(store->find_blob(repository("app"), digest(1))), 42U);
  EXPECT_EQ(code_of(run(store->find_upload(repository("app"), "one"))), Code::blob_upload_unknown);
}

TEST_F(Uploads, AreListedOldestFirst) {
  for (const auto& [id, touched] : {std::pair("b", 20), std::pair("a", 30), std::pair("c", 10)}) {
    store->create_upload(record(id, touched), {});
  }
  ASSERT_TRUE(run(store->check()));
  std::vector<std::string> ids;
  for (const auto& upload : *run(store->uploads(30))) ids.push_back(upload.id);
  EXPECT_THAT(ids, ElementsAre("c", "b"));
}

class Store : public test::StoreTest {};

TEST_F(Store, KeepsEverythingOverARestart) {
  ASSERT_TRUE(run(store->link_blob(repository("app"), digest(2), 7)));
  ASSERT_TRUE(run(
      store->put_manifest(new_manifest("app", digest(1), {"v1"}, {link(Role::layer, digest(2))}))));
  reopen();
  EXPECT_EQ(run(store->find_manifest(repository("app"), reference("v1")))->digest, digest(1));
  EXPECT_EQ(run(store->find_blob(repository("app"), digest(2))), 7U);
}

TEST_F(Store, ChangesARepositorysVersionWhenWhatItHadMayHaveChanged) {
  const auto app = repository("app");
  std::uint64_t seen = store->version(app);
  const auto moved = [&] {
    return store->version(app) != std::exchange(seen, store->version(app));
  };

  ASSERT_TRUE(run(store->link_blob(app, digest(1), 7)));
  EXPECT_FALSE(moved());
  ASSERT_TRUE(run(store->put_manifest(new_manifest("app", digest(2), {"v1"}))));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(run(store->find_manifest(app, reference("v1"))));
  EXPECT_FALSE(moved());
  ASSERT_TRUE(run(store->delete_tag(app, tag("v1"), {}, "bob")));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(run(store->delete_manifest(app, digest(2), {}, "bob")));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(run(store->unlink_blob(app, digest(1))));
  EXPECT_TRUE(moved());
}

TEST_F(Store, SaysWhetherItIsReady) {
  EXPECT_TRUE(run(store->check()));
}

TEST_F(Store, WritesTheHistoryOfATag) {
  ASSERT_TRUE(run(store->put_manifest(new_manifest("app", digest(1), {"v1"}))));
  ASSERT_TRUE(run(store->put_manifest(new_manifest("app", digest(1), {"v1"}))));
  ASSERT_TRUE(run(store->put_manifest(new_manifest("app", digest(2), {"v1"}))));
  ASSERT_TRUE(run(store->delete_tag(repository("app"), tag("v1"), {}, "bob")));
  ASSERT_TRUE(run(store->put_manifest(new_manifest("app", digest(2), {"v1"}))));
  ASSERT_TRUE(run(store->delete_manifest(repository("app"), digest(2), {}, "carol")));
  store.reset();

  static constexpr char kHistory[] =
      "SELECT changed_by || ':' || hex(substr(f.value, 2, 1)) || '>'"
      " || hex(substr(t.value, 2, 1)) FROM tag_history"
      " LEFT JOIN digests AS f ON f.id = from_digest LEFT JOIN digests AS t ON t.id = to_digest"
      " WHERE tag = 'v1' ORDER BY tag_history.id";
  auto connection = Connection::open(file(), Connection::Use::read);
  ASSERT_TRUE(connection);
  std::vector<std::string> history;
  Query row = (*connection)->query(kHistory);
  while (row.next()) history.emplace_back(row.text(0));
  EXPECT_THAT(history,
              ElementsAre("alice:>01", "alice:01>02", "bob:02>", "alice:>02", "carol:02>"));
}

/// Links blobs one after the other for as long as it lives, and says so after each.
[[noreturn]] void push_until_killed(const std::filesystem::path& file, int out) {
  auto store = std::move(*SqliteMetadata::open(file, {}));
  for (unsigned i = 0;; ++i) {
    if (!run(store->link_blob(repository("app"), digest(i), i))) _exit(1);
    if (::write(out, &i, sizeof i) != sizeof i) _exit(1);
  }
}

TEST(KilledStore, HasEverythingThatItAnsweredFor) {
  const test::TemporaryFolder folder;
  const auto file = folder / "metadata.db";
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) push_until_killed(file, pipe[1]);
  ::close(pipe[1]);
  unsigned last = 0;
  while (last < 200) ASSERT_EQ(::read(pipe[0], &last, sizeof last), ssize_t{sizeof last});
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  while (::read(pipe[0], &last, sizeof last) > 0) {
  }
  ::close(pipe[0]);

  const auto store = std::move(*SqliteMetadata::open(file, {}));
  for (unsigned i = 0; i <= last; ++i) {
    EXPECT_EQ(run(store->find_blob(repository("app"), digest(i))), i);
  }
}

}  // namespace
}  // namespace moorgate::meta
