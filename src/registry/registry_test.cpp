#include "registry/registry.hpp"

#include <gmock/gmock.h>

#include "registry/registry_test_kit.hpp"

namespace moorgate::registry {
namespace {

using test::code_of;
using test::digest_of;
using test::index_with;
using test::reference;
using test::run;
using test::tag;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Manifests : public test::RegistryTest {
 protected:
  Result<StoredManifest> find(std::string_view as) {
    const auto who = pull();
    const auto what = reference(as);
    return run(registry->find_manifest(who, what));
  }
};

TEST_F(Manifests, AreServedAsTheyWerePushed) {
  const auto bytes = index_with("one");
  const auto pushed = push_manifest(bytes, "v1");
  ASSERT_TRUE(pushed);
  EXPECT_EQ(pushed->digest, digest_of(bytes));
  for (const auto& as : {std::string("v1"), pushed->digest.text()}) {
    const auto found = find(as);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found->bytes, bytes);
    EXPECT_EQ(found->digest, pushed->digest);
    EXPECT_EQ(found->media_type, oci::media_type::kOciIndex);
  }
  EXPECT_EQ(code_of(find("v2")), Code::manifest_unknown);
}

TEST_F(Manifests, AreReadOnceAndThenServedFromMemory) {
  const auto pushed = push_manifest(index_with("one"), "v1");
  EXPECT_EQ(registry->cached_manifest(pull(), reference("v1")), nullptr);
  ASSERT_TRUE(find("v1"));
  // What a client asks for next is the digest.
  for (const auto& as : {std::string("v1"), pushed->digest.text()}) {
    const auto* const cached = registry->cached_manifest(pull(), reference(as));
    ASSERT_NE(cached, nullptr) << as;
    EXPECT_EQ(cached->digest, pushed->digest);
  }
  EXPECT_EQ(registry->cached_manifest(pull("other"), reference("v1")), nullptr);
  EXPECT_EQ(registry->cached_manifest(remove(), reference("v1")), nullptr);
}

TEST_F(Manifests, AreAskedForAgainAfterAPushButNotReadAgain) {
  const auto first = push_manifest(index_with("one"), "v1");
  ASSERT_TRUE(find("v1"));
  ASSERT_TRUE(push_manifest(index_with("two"), "v2"));
  EXPECT_EQ(registry->cached_manifest(pull(), reference("v1")), nullptr);
  ASSERT_TRUE(find("v1"));
  EXPECT_EQ(calls("read"), 1U);

  const auto second = push_manifest(index_with("three"), "v1");
  EXPECT_EQ(find("v1")->digest, second->digest);
  ASSERT_TRUE(run(registry->delete_manifest(remove(), second->digest, {})));
  EXPECT_EQ(code_of(find("v1")), Code::manifest_unknown);
  EXPECT_EQ(code_of(find(second->digest.text())), Code::manifest_unknown);
  EXPECT_TRUE(find(first->digest.text()));
}

TEST_F(Manifests, WhoseBytesAreLostOrDamagedAreNotServed) {
  const auto lost = push_manifest(index_with("lost"), "lost");
  const auto damaged = push_manifest(index_with("damaged"), "damaged");
  ASSERT_TRUE(run(blobs.remove(lost->digest)));
  blobs.find(damaged->digest)->front() = ' ';
  EXPECT_EQ(code_of(find("lost")), Code::manifest_unknown);
  EXPECT_THAT(find("lost").error().message, HasSubstr("push them again"));
  EXPECT_EQ(code_of(find("damaged")), Code::internal);
}

TEST_F(Manifests, CanBeUntagged) {
  const auto pushed = push_manifest(index_with("one"), "v1");
  ASSERT_TRUE(find("v1"));
  ASSERT_TRUE(run(registry->delete_tag(remove(), tag("v1"), {})));
  EXPECT_EQ(code_of(find("v1")), Code::manifest_unknown);
  EXPECT_TRUE(find(pushed->digest.text()));
  EXPECT_THAT(run(registry->tags(pull(), {}))->names, IsEmpty());
}

TEST_F(Manifests, AreListed) {
  ASSERT_TRUE(push_manifest(index_with("one"), "v1"));
  EXPECT_THAT(run(registry->tags(pull(), {}))->names, ElementsAre("v1"));
  EXPECT_THAT(run(registry->repositories({}))->names, ElementsAre("app"));
}

class Blobs : public test::RegistryTest {
 protected:
  Result<std::uint64_t> stat(const oci::Digest& digest, std::string_view name = "app") {
    const auto who = pull(name);
    return run(registry->stat_blob(who, digest));
  }
  Result<std::unique_ptr<blob::BlobReader>> open_blob(const oci::Digest& digest) {
    const auto who = pull();
    return run(registry->open_blob(who, digest));
  }
};

TEST_F(Blobs, AreSeenOnlyThroughTheirRepository) {
  const auto digest = push_blob("hello");
  EXPECT_EQ(stat(digest), 5U);
  EXPECT_EQ((*open_blob(digest))->size(), 5U);
  EXPECT_EQ(code_of(stat(digest, "other")), Code::blob_unknown);
  EXPECT_EQ(code_of(open_blob(digest_of("never pushed"))), Code::blob_unknown);
}

TEST_F(Blobs, AreStattedOnce) {
  const auto digest = push_blob("hello");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(stat(digest), 5U);
  EXPECT_EQ(calls("stat"), 1U);
}

TEST_F(Blobs, AreGoneFromTheRepositoryAtOnceWhenDeleted) {
  const auto digest = push_blob("hello");
  push_blob("hello", "other");
  EXPECT_EQ(stat(digest), 5U);
  ASSERT_TRUE(run(registry->delete_blob(remove(), digest)));
  EXPECT_EQ(code_of(stat(digest)), Code::blob_unknown);
  EXPECT_EQ(stat(digest, "other"), 5U);
  EXPECT_NE(blobs.find(digest), nullptr);
}

TEST_F(Blobs, WhoseBytesAreLostOrCutAreUnknownUntilPushedAgain) {
  const auto lost = push_blob("hello");
  const auto cut = push_blob("goodbye");
  ASSERT_TRUE(open_blob(lost));
  ASSERT_TRUE(run(blobs.remove(lost)));
  blobs.find(cut)->pop_back();
  EXPECT_EQ(code_of(open_blob(lost)), Code::blob_unknown);
  EXPECT_EQ(code_of(stat(lost)), Code::blob_unknown);
  EXPECT_EQ(code_of(stat(cut)), Code::blob_unknown);
  EXPECT_EQ(code_of(open_blob(cut)), Code::blob_unknown);
  push_blob("hello");
  EXPECT_EQ(stat(lost), 5U);
}

TEST_F(Blobs, IncludeManifests) {
  const auto pushed = push_manifest(index_with("one"), "v1");
  EXPECT_EQ(stat(pushed->digest), index_with("one").size());
  EXPECT_TRUE(open_blob(pushed->digest));
}

class Permits : public test::RegistryTest {};

TEST_F(Permits, CoverNothingButTheirAction) {
  const auto digest = push_blob("hello");
  const auto may_pull = pull();
  const auto may_push = push();
  EXPECT_EQ(code_of(run(registry->push_blob(may_pull, digest, "hello"))), Code::denied);
  EXPECT_EQ(code_of(run(registry->delete_blob(may_push, digest))), Code::denied);
  EXPECT_EQ(code_of(run(registry->start_upload(may_pull, std::nullopt))), Code::denied);
  EXPECT_EQ(code_of(run(registry->stat_blob(remove(), digest))), Code::denied);
  EXPECT_TRUE(run(registry->stat_blob(may_push, digest)));
}

}  // namespace
}  // namespace moorgate::registry
