#include "http/fetch.hpp"

#include <gtest/gtest.h>

#include "http/raw_server_test_kit.hpp"

namespace moorgate::http {
namespace {

using std::chrono::milliseconds;
using Kind = ClientFailure::Kind;

std::string redirect_to(const std::string& where) {
  return "HTTP/1.1 307 Temporary Redirect\r\nLocation: " + where + "\r\nContent-Length: 0\r\n\r\n";
}

class FetchTest : public ClientTest {
 protected:
  static Fetch wanted_from(const RawServer& server) {
    Fetch wanted;
    wanted.url = server.url();
    wanted.authorization = Secret("Basic c2VjcmV0");
    wanted.total = milliseconds(2'000);
    return wanted;
  }
};

TEST_F(FetchTest, BringsTheWholeAnswer) {
  std::promise<std::string> asked;
  RawServer server([&asked](RawPeer& peer, int) {
    asked.set_value(peer.read_head());
    peer.send("HTTP/1.1 418 Teapot\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 2\r\n\r\nok");
  });
  Fetch wanted = wanted_from(server);
  wanted.url.target = "/token?a=b";
  wanted.headers = {{"Accept", "application/json"}};
  const auto fetched = run(fetch(dialer(), wanted));
  ASSERT_TRUE(fetched);
  EXPECT_EQ(fetched->status, 418);
  EXPECT_EQ(fetched->body, "ok");
  EXPECT_EQ(fetched->find_all("x-a").size(), 2U);
  const std::string head = asked.get_future().get();
  EXPECT_TRUE(head.starts_with("GET /token?a=b HTTP/1.1\r\n"));
  EXPECT_NE(head.find("Accept: application/json\r\n"), std::string::npos);
  EXPECT_NE(head.find("Authorization: Basic c2VjcmV0\r\n"), std::string::npos);
}

TEST_F(FetchTest, FollowsNoRedirectUnlessAsked) {
  RawServer server([](RawPeer& peer, int) {
    peer.read_head();
    peer.send(redirect_to("/elsewhere"));
  });
  const auto fetched = run(fetch(dialer(), wanted_from(server)));
  ASSERT_TRUE(fetched);
  EXPECT_EQ(fetched->status, 307);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(FetchTest, LeavesCredentialsBehindOnTheWayToAnotherHost) {
  std::promise<std::string> asked;
  RawServer other([&asked](RawPeer& peer, int) {
    asked.set_value(peer.read_head());
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  RawServer server([&other](RawPeer& peer, int) {
    peer.read_head();
    peer.send(redirect_to(other.url().text()));
  });
  Fetch wanted = wanted_from(server);
  wanted.redirects = 3;
  const auto fetched = run(fetch(dialer(), wanted));
  ASSERT_TRUE(fetched);
  EXPECT_EQ(fetched->body, "ok");
  EXPECT_EQ(asked.get_future().get().find("Authorization"), std::string::npos);
}

TEST_F(FetchTest, EndsARedirectLoop) {
  RawServer server([](RawPeer& peer, int) {
    peer.read_head();
    peer.send(redirect_to("/again"));
  });
  Fetch wanted = wanted_from(server);
  wanted.redirects = 5;
  const auto fetched = run(fetch(dialer(), wanted));
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().kind, Kind::malformed);
  EXPECT_EQ(server.connections(), 6);
}

TEST_F(FetchTest, GoesNowhereOdd) {
  for (const char* where :
       {"file:///etc/passwd", "unix:/run/x.sock", "relative", "", "http://a b/"}) {
    RawServer server([where](RawPeer& peer, int) {
      peer.read_head();
      peer.send(redirect_to(where));
    });
    Fetch wanted = wanted_from(server);
    wanted.redirects = 5;
    const auto fetched = run(fetch(dialer(), wanted));
    ASSERT_FALSE(fetched) << where;
    EXPECT_EQ(fetched.error().kind, Kind::malformed) << where;
  }
}

TEST_F(FetchTest, BoundsSizeAndTime) {
  RawServer large([](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n");
    peer.read_to_end();
  });
  const auto too_large = run(fetch(dialer(), wanted_from(large)));
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().kind, Kind::malformed);

  RawServer dripping([](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n");
    while (peer.send("x")) std::this_thread::sleep_for(milliseconds(20));
  });
  Fetch wanted = wanted_from(dripping);
  wanted.total = milliseconds(500);
  const auto too_slow = run(fetch(dialer(), wanted));
  ASSERT_FALSE(too_slow);
  EXPECT_EQ(too_slow.error().kind, Kind::timeout);
}

}  // namespace
}  // namespace moorgate::http
