#include "api/route.hpp"

#include <gtest/gtest.h>

#include <string>

namespace moorgate::api {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

struct Case {
  std::string path;
  Endpoint endpoint;
  std::string repository;
  std::string reference;
};

TEST(Route, MatchesFromTheRight) {
  const Case cases[] = {
      {"/v2", Endpoint::base, "", ""},
      {"/v2/", Endpoint::base, "", ""},
      {"/v2/_catalog", Endpoint::catalog, "", ""},
      {"/v2/_oci/ext/discover", Endpoint::extensions, "", ""},
      {"/v2/a/_oci/ext/discover", Endpoint::extensions, "a", ""},
      {"/v2/a/manifests/latest", Endpoint::manifest, "a", "latest"},
      {"/v2/a/b/c/manifests/" + kDigest, Endpoint::manifest, "a/b/c", kDigest},
      {"/v2/a/blobs/" + kDigest, Endpoint::blob, "a", kDigest},
      {"/v2/a/blobs/uploads", Endpoint::start_upload, "a", ""},
      {"/v2/a/blobs/uploads/", Endpoint::start_upload, "a", ""},
      {"/v2/a/tags/list", Endpoint::tags, "a", ""},
      {"/v2/a/referrers/" + kDigest, Endpoint::referrers, "a", kDigest},
      {"/v2/blobs/uploads/manifests/x", Endpoint::manifest, "blobs/uploads", "x"},
      {"/v2/manifests/tags/list", Endpoint::tags, "manifests", ""},
      {"/v2/a/tags/manifests/list", Endpoint::manifest, "a/tags", "list"},
      {"/v2/a/blobs/sha256%3A" + std::string(64, 'a'), Endpoint::blob, "a", kDigest},
      {"/v2/a/nothing", Endpoint::unknown, "", ""},
      {"/v2/a", Endpoint::unknown, "", ""},
      {"/v2//", Endpoint::unknown, "", ""},
  };
  for (const auto& c : cases) {
    const Route route = match_route(c.path);
    EXPECT_EQ(route.endpoint, c.endpoint) << c.path;
    EXPECT_FALSE(route.error) << c.path;
    EXPECT_EQ(route.repository ? route.repository->text() : "", c.repository) << c.path;
    EXPECT_EQ(route.reference ? route.reference->text() : "", c.reference) << c.path;
  }
}

TEST(Route, KeepsTheUploadsId) {
  const Route route = match_route("/v2/a/b/blobs/uploads/0b9a7c1e-1111-4222-8333-444455556666");
  EXPECT_EQ(route.endpoint, Endpoint::upload);
  EXPECT_EQ(route.repository->text(), "a/b");
  EXPECT_EQ(route.upload_id, "0b9a7c1e-1111-4222-8333-444455556666");
}

TEST(Route, NamesWhatIsWrong) {
  struct Bad {
    std::string path;
    Code code;
  };
  const Bad cases[] = {
      {"/v2/A/manifests/x", Code::name_invalid},
      {"/v2/a//b/manifests/x", Code::name_invalid},
      {"/v2/../a/manifests/x", Code::name_invalid},
      {"/v2/%2e%2e/a/manifests/x", Code::name_invalid},
      {"/v2/a%2Fb/manifests/x", Code::name_invalid},
      {"/v2/a%zz/manifests/x", Code::name_invalid},
      {"/v2/a%00/manifests/x", Code::name_invalid},
      {"/v2/manifests/x", Code::name_invalid},
      {"/v2/a/manifests/-bad", Code::tag_invalid},
      {"/v2/a/manifests/sha256:baddigest", Code::digest_invalid},
      {"/v2/a/blobs/latest", Code::digest_invalid},
      {"/v2/a/referrers/md5:abc", Code::digest_invalid},
  };
  for (const auto& c : cases) {
    const Route route = match_route(c.path);
    ASSERT_TRUE(route.error) << c.path;
    EXPECT_EQ(route.error->code, c.code) << c.path << ": " << route.error->message;
  }
}

TEST(Route, MethodsNeedTheRightThatTheyUse) {
  using access::Action;
  using http::Method;
  EXPECT_EQ(action_of(Endpoint::manifest, Method::get), Action::pull);
  EXPECT_EQ(action_of(Endpoint::manifest, Method::put), Action::push);
  EXPECT_EQ(action_of(Endpoint::manifest, Method::remove), Action::remove);
  EXPECT_EQ(action_of(Endpoint::manifest, Method::post), std::nullopt);
  EXPECT_EQ(action_of(Endpoint::blob, Method::remove), Action::remove);
  EXPECT_EQ(action_of(Endpoint::blob, Method::put), std::nullopt);
  EXPECT_EQ(action_of(Endpoint::start_upload, Method::post), Action::push);
  EXPECT_EQ(action_of(Endpoint::start_upload, Method::get), std::nullopt);
  for (const Method method : {Method::get, Method::patch, Method::put, Method::remove}) {
    EXPECT_EQ(action_of(Endpoint::upload, method), Action::push);
  }
  EXPECT_EQ(action_of(Endpoint::tags, Method::remove), std::nullopt);
}

}  // namespace
}  // namespace moorgate::api
