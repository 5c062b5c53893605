#include "api/upstream_target.hpp"

#include <gtest/gtest.h>

namespace moorgate::api {
namespace {

using http::Method;

const std::string kHex(64, 'a');

/// The target that a client's own becomes.
std::string translated(Method method, const std::string& path, std::string_view query) {
  const Route route = match_route(path);
  EXPECT_FALSE(route.error) << path;
  return upstream_target(route, method, *Query::parse(query));
}

TEST(UpstreamTarget, IsSpeltAnew) {
  const std::string digest = "sha256:" + kHex;
  struct Case {
    Method method;
    std::string path;
    std::string_view query;
    std::string expected;
  };
  const Case cases[] = {
      {Method::get, "/v2/a/b/manifests/v1", "ns=docker.io&x=1", "/v2/a/b/manifests/v1"},
      {Method::put, "/v2/a/manifests/" + digest, "tag=x&tag=y&mount=z",
       "/v2/a/manifests/" + digest + "?tag=x&tag=y"},
      {Method::get, "/v2/a/%6d%61nifests/v%31", "", "/v2/a/manifests/v1"},
      {Method::get, "/v2/a/blobs/sha256%3A" + kHex, "digest=x", "/v2/a/blobs/" + digest},
      {Method::post, "/v2/a/blobs/uploads", "", "/v2/a/blobs/uploads/"},
      {Method::post, "/v2/a/blobs/uploads/", "mount=sha256:x&from=secret&digest=sha256:y",
       "/v2/a/blobs/uploads/?digest=sha256%3Ay"},
      {Method::post, "/v2/a/blobs/uploads/", "moun%74=sha256:x&fro%6d=secret",
       "/v2/a/blobs/uploads/"},
      {Method::get, "/v2/a/tags/list", "n=5&last=v+1&ns=x&next_page=a%26b",
       "/v2/a/tags/list?n=5&last=v%2B1&next_page=a%26b"},
      {Method::get, "/v2/a/referrers/" + digest, "artifactType=a/b%2Bjson",
       "/v2/a/referrers/" + digest + "?artifactType=a%2Fb%2Bjson"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(translated(one.method, one.path, one.query), one.expected) << one.path;
  }
}

TEST(UpstreamTarget, OfAMountNamesBothSides) {
  const auto repository = *oci::RepositoryName::parse("a/b");
  const auto source = *oci::RepositoryName::parse("c/d");
  EXPECT_EQ(mount_target(repository, *oci::Digest::parse("sha256:" + kHex), source),
            "/v2/a/b/blobs/uploads/?mount=sha256%3A" + kHex + "&from=c%2Fd");
}

TEST(TokenScope, NamesRepositoryAndActions) {
  const auto repository = *oci::RepositoryName::parse("a/b");
  EXPECT_EQ(token_scope(repository, access::Action::pull), "repository:a/b:pull");
  EXPECT_EQ(token_scope(repository, access::Action::push), "repository:a/b:pull,push");
  EXPECT_EQ(token_scope(repository, access::Action::remove), "repository:a/b:delete");
}

}  // namespace
}  // namespace moorgate::api
