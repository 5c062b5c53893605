#include "api/original_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace moorgate::api {
namespace {

http::RequestHead head_with(std::vector<http::Header> headers) {
  http::RequestHead head;
  head.headers = std::move(headers);
  return head;
}

TEST(OriginalRequest, IsReadFromTheFamilyOfWhoAsks) {
  const auto head = head_with({{"X-Original-Method", "PUT"},
                               {"X-Original-URI", "/v2/a/manifests/1?tag=2"},
                               {"X-Forwarded-Method", "GET"},
                               {"X-Forwarded-Uri", "/v2/"}});
  const auto nginx = original_request(head, AskedBy::nginx);
  ASSERT_TRUE(nginx);
  EXPECT_EQ(nginx->method, http::Method::put);
  EXPECT_EQ(nginx->path, "/v2/a/manifests/1");
  EXPECT_EQ(nginx->query, "tag=2");
  const auto traefik = original_request(head, AskedBy::traefik);
  ASSERT_TRUE(traefik);
  EXPECT_EQ(traefik->method, http::Method::get);
  EXPECT_EQ(traefik->path, "/v2/");
  EXPECT_EQ(traefik->query, "");
}

TEST(OriginalRequest, RefusesWhatCouldBeReadInTwoWays) {
  for (const std::string_view uri : {"", "v2/", "http://host/v2/", "*", "/v2/a b", "/v2/\x7f",
                                     "/v2/\xc3\xa4", "/v2/#x", "/v2\\team"}) {
    const auto head = head_with({{"X-Original-Method", "GET"}, {"X-Original-URI", uri}});
    EXPECT_FALSE(original_request(head, AskedBy::nginx)) << uri;
  }
}

TEST(OriginalRequest, SaysWhichHeaderIsMissingOrThereTwice) {
  const auto message = [](std::vector<http::Header> headers, AskedBy who) {
    const auto head = head_with(std::move(headers));
    const auto answer = original_request(head, who);
    return answer ? std::string("answered") : answer.error().message;
  };
  EXPECT_THAT(message({{"X-Original-Method", "GET"}}, AskedBy::nginx),
              testing::HasSubstr("lacks the header X-Original-URI"));
  EXPECT_THAT(message({{"X-Original-Method", "GET"}, {"X-Original-URI", "/v2/"}}, AskedBy::traefik),
              testing::HasSubstr("lacks the header X-Forwarded-Method"));
  EXPECT_THAT(
      message(
          {{"X-Original-Method", "GET"}, {"x-original-method", "PUT"}, {"X-Original-URI", "/v2/"}},
          AskedBy::nginx),
      testing::HasSubstr("more than once"));
}

}  // namespace
}  // namespace moorgate::api
