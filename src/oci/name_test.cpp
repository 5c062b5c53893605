#include "oci/name.hpp"

#include <gtest/gtest.h>

namespace moorgate::oci {
namespace {

struct Case {
  std::string text;
  bool valid;
};

TEST(RepositoryName, FollowsTheSpecsGrammar) {
  const Case kCases[] = {
      {"a", true},
      {"0", true},
      {"library/busybox", true},
      {"a/b/c/d/e/f", true},
      {"a.b/c_d/e__f/g-h/i---j", true},
      {"blobs/manifests/tags/referrers/list", true},
      {std::string(255, 'a'), true},
      {std::string(256, 'a'), false},
      {"", false},
      {"/", false},
      {"/a", false},
      {"a/", false},
      {"a//b", false},
      {"A", false},
      {"a/B", false},
      {"_catalog", false},
      {"_oci/ext", false},
      {"a___b", false},
      {"a..b", false},
      {"a._b", false},
      {"a-_b", false},
      {"a-", false},
      {"-a", false},
      {"a.", false},
      {".a", false},
      {"..", false},
      {"a/../b", false},
      {"a_", false},
      {"a__", false},
      {"a:b", false},
      {"a b", false},
      {"a\nb", false},
      {std::string("a\0b", 3), false},
      {"ä", false},
      {"a%2fb", false},
  };
  for (const Case& c : kCases) {
    const auto name = RepositoryName::parse(c.text);
    ASSERT_EQ(name.has_value(), c.valid) << c.text;
    if (name) {
      EXPECT_EQ(name->text(), c.text);
    } else {
      EXPECT_EQ(name.error().code, Code::name_invalid) << c.text;
    }
  }
}

TEST(Tag, FollowsTheSpecsGrammar) {
  const Case kCases[] = {
      {"latest", true},    {"_", true},    {"V1.2-rc_3", true}, {std::string(128, 'x'), true},
      {"", false},         {".a", false},  {"-a", false},       {std::string(129, 'x'), false},
      {"a/b", false},      {"a b", false}, {"a+b", false},      {std::string("a\0", 2), false},
      {"sha256:a", false},
  };
  for (const Case& c : kCases) {
    const auto tag = Tag::parse(c.text);
    ASSERT_EQ(tag.has_value(), c.valid) << c.text;
    if (!tag) {
      EXPECT_EQ(tag.error().code, Code::tag_invalid) << c.text;
    }
  }
}

TEST(Reference, IsADigestWhereItHoldsAColon) {
  const std::string digest = "sha256:" + std::string(64, 'b');
  const auto by_digest = Reference::parse(digest);
  ASSERT_TRUE(by_digest && by_digest->digest() != nullptr);
  EXPECT_EQ(by_digest->tag(), nullptr);
  EXPECT_EQ(by_digest->text(), digest);

  const auto by_tag = Reference::parse("1.0");
  ASSERT_TRUE(by_tag && by_tag->tag() != nullptr);
  EXPECT_EQ(by_tag->digest(), nullptr);
  EXPECT_EQ(by_tag->text(), "1.0");

  EXPECT_EQ(Reference::parse("sha256:baddigeststring").error().code, Code::digest_invalid);
  EXPECT_EQ(Reference::parse("-").error().code, Code::tag_invalid);
}

TEST(FallbackTag, CutsTheEncodedPartAt64) {
  const std::string hex(64, 'c');
  EXPECT_EQ(fallback_tag(*Digest::parse("sha256:" + hex)).text(), "sha256-" + hex);
  EXPECT_EQ(fallback_tag(*Digest::parse("sha512:" + hex + hex)).text(), "sha512-" + hex);
}

}  // namespace
}  // namespace moorgate::oci
