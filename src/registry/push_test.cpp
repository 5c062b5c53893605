#include <gmock/gmock.h>

#include "registry/registry_test_kit.hpp"

namespace moorgate::registry {
namespace {

using test::code_of;
using test::digest_of;
using test::index_with;
using test::reference;
using test::repository;
using test::run;
using test::tag;
using testing::ElementsAre;
using testing::HasSubstr;

class Push : public test::RegistryTest {};

TEST_F(Push, ByDigestMustMatchAndKeepsTheAlgorithm) {
  const auto bytes = index_with("one");
  const auto sha512 = digest_of(bytes, oci::Algorithm::sha512);
  const auto pushed = push_manifest(bytes, sha512.text());
  ASSERT_TRUE(pushed);
  EXPECT_EQ(pushed->digest, sha512);

  const auto wrong = digest_of("something else");
  const auto refused = push_manifest(bytes, wrong.text());
  ASSERT_EQ(code_of(refused), Code::digest_invalid);
  EXPECT_THAT(refused.error().message, HasSubstr(wrong.text()));
  EXPECT_THAT(refused.error().message, HasSubstr(digest_of(bytes).text()));
  EXPECT_EQ(blobs.find(wrong), nullptr);
}

TEST_F(Push, TakesFurtherTagsWithADigestOnly) {
  const auto bytes = index_with("one");
  ASSERT_TRUE(push_manifest(bytes, digest_of(bytes).text(), {tag("a"), tag("b")}));
  EXPECT_THAT(run(registry->tags(pull(), {}))->names, ElementsAre("a", "b"));
  EXPECT_EQ(code_of(push_manifest(bytes, "v1", {tag("c")})), Code::tag_invalid);
}

TEST_F(Push, RefusesWhatIsTooLargeOrNoManifestBeforeStoringIt) {
  EXPECT_EQ(code_of(push_manifest(std::string(oci::kManifestLimit + 1, ' '), "v1")),
            Code::manifest_too_large);
  EXPECT_EQ(code_of(push_manifest("{", "v1")), Code::manifest_invalid);
  EXPECT_EQ(blobs.size(), 0U);
}

TEST_F(Push, NamesTheSubjectThatNobodyNeedsToHavePushed) {
  const auto subject = digest_of("subject");
  const auto bytes = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",)"
                     R"("manifests":[],"artifactType":"application/x-test","subject":{"mediaType":)"
                     R"("application/vnd.oci.image.manifest.v1+json","size":7,"digest":")" +
                     subject.text() + R"("},"annotations":{"b":"1","a":"2"}})";
  const auto pushed = push_manifest(bytes, "v1");
  ASSERT_TRUE(pushed) << pushed.error().message;
  EXPECT_EQ(pushed->subject, subject);
  const auto listed = run(registry->referrers(pull(), subject, ""));
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(listed->front().digest, pushed->digest);
  EXPECT_EQ(listed->front().artifact_type, "application/x-test");
  EXPECT_EQ(listed->front().size, bytes.size());
  EXPECT_THAT(listed->front().annotations,
              ElementsAre(std::pair<std::string, std::string>("b", "1"),
                          std::pair<std::string, std::string>("a", "2")));
}

TEST_F(Push, NeedsTheBlobsItNames) {
  const auto config = digest_of("{}");
  const std::string bytes =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)"
      R"({"mediaType":"application/vnd.oci.image.config.v1+json","size":2,"digest":")" +
      config.text() + R"("},"layers":[]})";
  ManifestPush what{.bytes = bytes,
                    .content_type = std::string(oci::media_type::kOciManifest),
                    .reference = reference("v1")};
  const auto refused = run(registry->push_manifest(push(), what));
  ASSERT_EQ(code_of(refused), Code::manifest_blob_unknown);
  EXPECT_THAT(refused.error().message, HasSubstr(config.text()));
  push_blob("{}");
  EXPECT_TRUE(run(registry->push_manifest(push(), what)));
}

TEST_F(Push, HonoursAPrecondition) {
  ASSERT_TRUE(push_manifest(index_with("one"), "v1"));
  ManifestPush what{.bytes = index_with("two"),
                    .content_type = std::string(oci::media_type::kOciIndex),
                    .reference = reference("v1"),
                    .precondition = {.absent = true}};
  EXPECT_EQ(code_of(run(registry->push_manifest(push(), what))), Code::precondition_failed);
}

TEST_F(Push, OfABlobChecksItsDigest) {
  const auto who = push();
  EXPECT_EQ(code_of(run(registry->push_blob(who, digest_of("hello"), "hell0"))),
            Code::digest_invalid);
  EXPECT_EQ(code_of(run(registry->stat_blob(who, digest_of("hello")))), Code::blob_unknown);
}

class Mount : public test::RegistryTest {
 protected:
  Result<bool> mount(const oci::Digest& digest, std::string_view from) {
    const auto into = push("target");
    const auto source = pull(from);
    return run(registry->mount_blob(into, source, digest));
  }
};

TEST_F(Mount, LinksABlobWithoutMovingIt) {
  const auto digest = push_blob("hello");
  EXPECT_EQ(mount(digest, "app"), true);
  EXPECT_EQ(run(registry->stat_blob(pull("target"), digest)), 5U);
  EXPECT_THAT(*run(registry->blob_holders(digest)),
              ElementsAre(repository("app"), repository("target")));
}

TEST_F(Mount, OfWhatTheSourceDoesNotHaveIsNoError) {
  const auto digest = push_blob("hello");
  EXPECT_EQ(mount(digest, "elsewhere"), false);
  EXPECT_EQ(mount(digest_of("unknown"), "app"), false);
  ASSERT_TRUE(run(blobs.remove(digest)));
  EXPECT_EQ(mount(digest, "app"), false);
  EXPECT_EQ(code_of(run(registry->stat_blob(pull("target"), digest))), Code::blob_unknown);
}

}  // namespace
}  // namespace moorgate::registry
