#include "distribution/tree_paths.hpp"

#include <gtest/gtest.h>

#include <string>

namespace moorgate::distribution {
namespace {

const std::string kHex(64, 'a');
const oci::Digest kDigest = *oci::Digest::parse("sha256:" + kHex);
const std::string kApp = "docker/registry/v2/repositories/team/app";

TEST(TreePaths, AreDistributionsOwn) {
  EXPECT_EQ(paths::repository("team/app"), kApp);
  EXPECT_EQ(paths::layer("team/app", kDigest), kApp + "/_layers/sha256/" + kHex);
  EXPECT_EQ(paths::revision("team/app", kDigest), kApp + "/_manifests/revisions/sha256/" + kHex);
  EXPECT_EQ(paths::tag("team/app", "v1"), kApp + "/_manifests/tags/v1");
  EXPECT_EQ(paths::tag_current("team/app", "v1"), kApp + "/_manifests/tags/v1/current");
  EXPECT_EQ(paths::tag_index("team/app", "v1", kDigest),
            kApp + "/_manifests/tags/v1/index/sha256/" + kHex);
}

}  // namespace
}  // namespace moorgate::distribution
