#include "http/response_head.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace moorgate::http {
namespace {

struct Parsed {
  std::string bytes;
  ResponseHead head;
  std::optional<std::string_view> error;
};

std::unique_ptr<Parsed> parse(std::string bytes, std::string_view method = "GET") {
  auto parsed = std::make_unique<Parsed>();
  parsed->bytes = std::move(bytes);
  parsed->error = parse_response_head(parsed->bytes, method, parsed->head);
  return parsed;
}

TEST(ResponseHead, HoldsWhatWasSent) {
  const auto parsed =
      parse("HTTP/1.1 404 Not Found at all\r\nA: b\r\na:c \r\nContent-Length: 12\r\n\r\n");
  ASSERT_FALSE(parsed->error) << *parsed->error;
  EXPECT_EQ(parsed->head.status, 404);
  EXPECT_EQ(parsed->head.reason, "Not Found at all");
  EXPECT_EQ(parsed->head.count("A"), 2U);
  EXPECT_EQ(parsed->head.find("A"), "b");
  EXPECT_EQ(parsed->head.content_length, 12U);
  EXPECT_TRUE(parsed->head.keep_alive);
}

TEST(ResponseHead, KnowsWhereTheBodyEnds) {
  struct {
    const char* method;
    const char* head;
    Framing framing;
  } const cases[] = {
      {"GET", "200 OK\r\nContent-Length: 5\r\n", Framing::length},
      {"GET", "200 OK\r\nTransfer-Encoding: Chunked\r\n", Framing::chunked},
      {"GET", "200 OK\r\n", Framing::until_close},
      {"HEAD", "200 OK\r\nContent-Length: 5\r\n", Framing::none},
      {"HEAD", "200 OK\r\nTransfer-Encoding: chunked\r\n", Framing::none},
      {"HEAD", "200 OK\r\n", Framing::none},
      {"GET", "304 Not Modified\r\nContent-Length: 5\r\n", Framing::none},
      {"GET", "204 No Content\r\n", Framing::none},
      {"DELETE", "202 Accepted\r\nContent-Length: 0\r\n", Framing::length},
      {"GET", "100 Continue\r\n", Framing::none},
  };
  for (const auto& each : cases) {
    const auto parsed = parse("HTTP/1.1 " + std::string(each.head) + "\r\n", each.method);
    ASSERT_FALSE(parsed->error) << each.head << *parsed->error;
    EXPECT_EQ(parsed->head.framing, each.framing) << each.method << " " << each.head;
  }
}

TEST(ResponseHead, KnowsWhetherTheConnectionGoesOn) {
  EXPECT_TRUE(parse("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n")->head.keep_alive);
  EXPECT_FALSE(parse("HTTP/1.1 200 OK\r\nConnection: x, Close\r\n\r\n")->head.keep_alive);
  EXPECT_FALSE(parse("HTTP/1.0 200 OK\r\n\r\n")->head.keep_alive);
  EXPECT_TRUE(parse("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n")->head.keep_alive);
}

TEST(ResponseHead, RefusesWhatIsMalformed) {
  for (const char* bytes :
       {"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 200OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.2 200 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 099 No\r\n\r\n", "HTTP/1.1 600 No\r\n\r\n", "HTTP/1.1 +20 No\r\n\r\n",
        "HTTP/1.1 200 O\x01K\r\n\r\n", "HTTP/1.1 200 OK\r\nA\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: b\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nmore"}) {
    EXPECT_TRUE(parse(bytes)->error) << bytes;
  }
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (std::size_t i = 0; i < kHeaderLimit; ++i) many += "A: b\r\n";
  EXPECT_FALSE(parse(many + "\r\n")->error);
  EXPECT_TRUE(parse(many + "A: b\r\n\r\n")->error);
}

}  // namespace
}  // namespace moorgate::http
