#include "gateway/passed_headers.hpp"

#include <gmock/gmock.h>

#include <string>

namespace moorgate::gateway {
namespace {

using testing::ElementsAre;

std::vector<std::string> names_passed(std::vector<http::Header> headers) {
  http::RequestHead head;
  head.headers = std::move(headers);
  std::vector<std::string> names;
  for (const auto& header : headers_for_upstream(head)) names.emplace_back(header.name);
  return names;
}

TEST(HeadersForUpstream, HoldWhatARegistryUnderstands) {
  EXPECT_THAT(
      names_passed({{"Accept", "a"},
                    {"accept", "b"},
                    {"range", "bytes=0-1"},
                    {"Content-Range", "0-1"},
                    {"OCI-Something", "1"},
                    {"If-None-Match", "*"}}),
      ElementsAre("Accept", "accept", "range", "Content-Range", "OCI-Something", "If-None-Match"));
}

TEST(HeadersForUpstream, NeverTellWhoAsksAndFromWhere) {
  EXPECT_THAT(names_passed({{"Authorization", "Basic x"},
                            {"Cookie", "sid=1"},
                            {"Host", "here"},
                            {"Forwarded", "for=1"},
                            {"X-Forwarded-For", "1"},
                            {"X-Forwarded-User", "root"},
                            {"X-Real-IP", "1"},
                            {"X-Remote-User", "root"},
                            {"REMOTE_USER", "root"},
                            {"Remote-User", "root"},
                            {"X-Registry-Auth", "x"},
                            {"Via", "1.1 x"},
                            {"Accept-Encoding", "gzip"},
                            {"Content-Length", "1"},
                            {"Transfer-Encoding", "chunked"},
                            {"Expect", "100-continue"}}),
              ElementsAre());
}

TEST(HeadersForUpstream, CallNoBodyAForm) {
  for (const auto* type : {"application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                           "\xc2\xa0"
                           "Application/X-WWW-Form-URLencoded ;charset=utf-8"}) {
    EXPECT_THAT(names_passed({{"content-type", type}}), ElementsAre()) << type;
  }
  EXPECT_THAT(names_passed({{"Content-Type", "application/vnd.oci.image.manifest.v1+json"}}),
              ElementsAre("Content-Type"));
}

TEST(HeadersForUpstream, EndAtTheConnectionThatTheyAreNamedFor) {
  EXPECT_THAT(names_passed({{"Connection", "Range, Accept"}, {"Range", "x"}, {"Accept", "y"}}),
              ElementsAre());
}

TEST(HeadersForClients, AreTheRegistrysOwn) {
  for (const auto* name : {"Content-Type", "docker-content-digest", "OCI-Subject", "ETag",
                           "Content-Range", "Warning", "Retry-After"}) {
    EXPECT_TRUE(is_for_client(name)) << name;
  }
  for (const auto* name : {"Set-Cookie", "WWW-Authenticate", "Proxy-Authenticate", "Server",
                           "Connection", "Location", "Link", "Content-Length", "Transfer-Encoding",
                           "Trailer", "Strict-Transport-Security", "Access-Control-Allow-Origin",
                           "Docker-Distribution-Api-Version", "Date", "Alt-Svc", "Refresh"}) {
    EXPECT_FALSE(is_for_client(name)) << name;
  }
}

}  // namespace
}  // namespace moorgate::gateway
