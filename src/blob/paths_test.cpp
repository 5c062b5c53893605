#include "blob/paths.hpp"

#include <gtest/gtest.h>

namespace moorgate::blob {
namespace {

TEST(Paths, OfBlobsAreDistributions) {
  const std::string hex = "ab" + std::string(62, '0');
  const auto digest = *oci::Digest::parse("sha256:" + hex);
  EXPECT_EQ(paths::blob_data(digest), "docker/registry/v2/blobs/sha256/ab/" + hex + "/data");
  EXPECT_EQ(paths::blob_folder(digest), "docker/registry/v2/blobs/sha256/ab/" + hex);
  EXPECT_EQ(paths::shard(digest), "docker/registry/v2/blobs/sha256/ab");
  EXPECT_EQ(paths::shard(oci::Algorithm::sha512, "0f"), "docker/registry/v2/blobs/sha512/0f");
}

TEST(Paths, OfOursLieInOneFolder) {
  const std::string id = "0123abcd-0000-4000-8000-00000000000f";
  EXPECT_EQ(paths::upload_data(id), ".moorgate/uploads/" + id + "/data");
  EXPECT_EQ(paths::temporary_folder(7), ".moorgate/tmp/7");
  for (const auto path :
       {paths::kUploads, paths::kTemporary, paths::kMetadata, paths::kLock, paths::kDefaults}) {
    EXPECT_TRUE(path.starts_with(std::string(paths::kOwn) + "/")) << path;
  }
}

TEST(UploadId, IsALowerCaseUuid) {
  EXPECT_TRUE(paths::is_upload_id("0123abcd-0000-4000-8000-00000000000f"));
  for (const std::string_view id :
       {"", "..", "0123abcd-0000-4000-8000-00000000000", "0123abcd-0000-4000-8000-00000000000f0",
        "0123ABCD-0000-4000-8000-00000000000f", "0123abcd-0000-4000-8000-0000000000/f",
        "0123abcd000004000080000000000000000f", "../../../../../../../../etc/passwd-",
        "-----------------------------------"}) {
    EXPECT_FALSE(paths::is_upload_id(id)) << id;
  }
}

}  // namespace
}  // namespace moorgate::blob
