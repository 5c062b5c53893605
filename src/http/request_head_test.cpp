#include "http/request_head.hpp"

#include <gtest/gtest.h>

#include <string>

namespace moorgate::http {
namespace {

std::string request(std::string_view headers, std::string_view line = "GET /v2/ HTTP/1.1") {
  return std::string(line) + "\r\n" + std::string(headers) + "\r\n";
}

int refusal(std::string_view bytes) {
  RequestHead head;
  const auto error = parse_head(bytes, head);
  return error ? error->status : 0;
}

TEST(RequestHead, ReadsWhatARegistryNeeds) {
  const std::string bytes = request(
      "Host: r.example:5043\r\nauthorization: Basic Og==\r\nContent-Length: 12\r\n"
      "Expect: 100-Continue\r\nX-Empty:\r\nX-Blank: \t v \t\r\n",
      "PUT /v2/a/manifests/x?tag=1&tag=2 HTTP/1.1");
  RequestHead head;
  ASSERT_FALSE(parse_head(bytes, head));
  EXPECT_EQ(head.method, Method::put);
  EXPECT_EQ(head.path, "/v2/a/manifests/x");
  EXPECT_EQ(head.query, "tag=1&tag=2");
  EXPECT_EQ(head.find("AUTHORIZATION"), "Basic Og==");
  EXPECT_EQ(head.find("x-empty"), "");
  EXPECT_EQ(head.find("x-blank"), "v");
  EXPECT_EQ(head.find("absent"), std::nullopt);
  EXPECT_EQ(head.framing, Framing::length);
  EXPECT_EQ(head.content_length, 12U);
  EXPECT_TRUE(head.expects_continue);
  EXPECT_TRUE(head.keep_alive);
}

TEST(RequestHead, KeepsConnectionsByVersionAndWish) {
  struct Case {
    std::string bytes;
    bool keep_alive;
  };
  const Case cases[] = {
      {request("Host: a\r\n"), true},
      {request("Host: a\r\nConnection: close\r\n"), false},
      {request("Host: a\r\nConnection: te, Close\r\n"), false},
      {request("", "GET / HTTP/1.0"), false},
      {request("Connection: Keep-Alive\r\n", "GET / HTTP/1.0"), true},
      {request("Connection: keep-alive\r\nConnection: close\r\n", "GET / HTTP/1.0"), false},
  };
  for (const auto& c : cases) {
    RequestHead head;
    ASSERT_FALSE(parse_head(c.bytes, head)) << c.bytes;
    EXPECT_EQ(head.keep_alive, c.keep_alive) << c.bytes;
  }
}

TEST(RequestHead, IsReusedWithoutRemains) {
  RequestHead head;
  ASSERT_FALSE(
      parse_head(request("Host: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n",
                         "POST / HTTP/1.1"),
                 head));
  EXPECT_EQ(head.framing, Framing::chunked);
  ASSERT_FALSE(parse_head(request("Host: a\r\n"), head));
  EXPECT_EQ(head.framing, Framing::none);
  EXPECT_FALSE(head.expects_continue);
  EXPECT_EQ(head.headers.size(), 1U);
}

struct Refused {
  std::string bytes;
  int status;
  const char* why;
};

TEST(RequestHead, RefusesWhatTwoParsersCouldReadInTwoWays) {
  const std::string host = "Host: a\r\n";
  const Refused cases[] = {
      {request(host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400, "both framings"},
      {request(host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400,
       "both, reversed"},
      {request(host + "Content-Length: 5\r\nContent-Length: 6\r\n"), 400, "two lengths"},
      {request(host + "Content-Length: 5\r\nContent-Length: 5\r\n"), 400, "two equal lengths"},
      {request(host + "Content-Length: 5, 5\r\n"), 400, "a list of lengths"},
      {request(host + "Content-Length: +5\r\n"), 400, "a sign"},
      {request(host + "Content-Length: 0x5\r\n"), 400, "not decimal"},
      {request(host + "Content-Length: \r\n"), 400, "an empty length"},
      {request(host + "Content-Length: 99999999999999999999\r\n"), 400, "overflow"},
      {request(host + "Content-Length: 18446744073709551615\r\n"), 400, "beyond signed"},
      {request(host + "Transfer-Encoding: xchunked\r\n"), 501, "unknown coding"},
      {request(host + "Transfer-Encoding: chunked, identity\r\n"), 501, "chunked not last"},
      {request(host + "Transfer-Encoding: gzip, chunked\r\n"), 501, "another coding before"},
      {request(host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400,
       "twice"},
      {request(host + "Transfer-Encoding: \"chunked\"\r\n"), 501, "quoted"},
      {request("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0"), 400, "chunked in 1.0"},
      {request(host + host), 400, "two hosts"},
      {request(""), 400, "no host"},
      {request("Host: a b\r\n"), 400, "host with a space"},
      {request("Host: a/b\r\n"), 400, "host with a slash"},
      {request("Host: user@a\r\n"), 400, "host with user"},
      {request(host + "Connection: keep alive\r\n"), 400, "options of no token"},
      {request(host + "Connection: close]\r\n"), 400, "an option of no token"},
      {request(host + "X : y\r\n"), 400, "space before the colon"},
      {request(host + " folded: y\r\n"), 400, "obsolete folding"},
      {request(host + "X: y\r\n\tmore\r\n"), 400, "obsolete folding with a tab"},
      {request(host + "X: a\x01z\r\n"), 400, "control character"},
      {request(host + std::string("X: a\0z\r\n", 8)), 400, "NUL"},
      {request(host + "X: a\rb\r\n"), 400, "lone CR"},
      {request(host + ": v\r\n"), 400, "empty name"},
      {request(host + "no colon\r\n"), 400, "no colon"},
      {request(host, "GET http://a/v2/ HTTP/1.1"), 400, "absolute form"},
      {request(host, "CONNECT a:443 HTTP/1.1"), 400, "authority form"},
      {request(host, "OPTIONS * HTTP/1.1"), 400, "asterisk form"},
      {request(host, "GET  /v2/ HTTP/1.1"), 400, "two spaces"},
      {request(host, "GET /v2/  HTTP/1.1"), 400, "two spaces after"},
      {request(host, "GET /v2/"), 400, "HTTP/0.9"},
      {request(host, "GET /v2/ HTTP/2.0"), 505, "another version"},
      {request(host, "GET /v2/ HTTP/1.1 "), 400, "trailing space"},
      {request(host, "GET /v2/ http/1.1"), 400, "lower case version"},
      {request(host, "GET /\xc3\xa4 HTTP/1.1"), 400, "raw UTF-8"},
      {request(host, "GET /a#b HTTP/1.1"), 400, "fragment"},
      {request(host, "G@T / HTTP/1.1"), 400, "method of no token"},
      {request(host, " / HTTP/1.1"), 400, "no method"},
      {"GET / HTTP/1.1\nHost: a\n\r\n\r\n", 400, "bare LF"},
      {"GET / HTTP/1.1\r\nHost: a\n\r\n\r\n", 400, "bare LF after a header"},
  };
  for (const auto& c : cases) EXPECT_EQ(refusal(c.bytes), c.status) << c.why;
}

TEST(RequestHead, LimitsTheNumberOfHeaders) {
  std::string headers = "Host: a\r\n";
  for (std::size_t i = 1; i < kHeaderLimit; ++i) headers += "X: y\r\n";
  EXPECT_EQ(refusal(request(headers)), 0);
  EXPECT_EQ(refusal(request(headers + "X: y\r\n")), 431);
}

TEST(RequestHead, FindsTheEndHoweverTheBytesArrive) {
  const std::string bytes = request("Host: a\r\n") + "body";
  const std::size_t end = bytes.size() - 4;
  std::size_t searched = 0;
  for (std::size_t have = 1; have <= bytes.size(); ++have) {
    const std::size_t found = find_head_end(std::string_view(bytes).substr(0, have), searched);
    EXPECT_EQ(found, have < end ? 0 : end) << have;
    if (found != 0) break;
  }
}

}  // namespace
}  // namespace moorgate::http
