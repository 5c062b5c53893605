#include "http/client.hpp"

#include <gtest/gtest.h>

namespace moorgate::http {
namespace {

constexpr const char* kSecret = "0123456789abcdef";

TrustedProxies trusted(std::initializer_list<std::string_view> from = {"10.0.0.0/8", "fd00::/8"}) {
  TrustedProxies proxies;
  for (const auto text : from) proxies.from.push_back(net::Network::parse(text).value());
  proxies.user_header = "X-Remote-User";
  proxies.groups_header = "X-Remote-Groups";
  return proxies;
}

/// A request's head and what came of it.
struct Request {
  explicit Request(std::string_view headers, std::string_view peer_text = "10.0.0.1",
                   const TrustedProxies& proxies = trusted(), bool encrypted = false)
      : bytes("GET /v2/ HTTP/1.1\r\nHost: reg.example.com\r\n" + std::string(headers) + "\r\n"),
        peer(peer_text == "unix" ? net::Address::parse("unix:/run/s").value()
                                 : net::Address::from_ip(peer_text).value()) {
    EXPECT_FALSE(parse_head(bytes, head)) << headers;
    const std::string host = peer.host();
    const auto taken =
        take_client({.address = peer, .host = host, .encrypted = encrypted}, proxies, head, client);
    if (!taken) error = taken.error().message;
  }
  std::string names() const {
    std::string out;
    for (const auto& header : head.headers) out.append(header.name).append(" ");
    return out;
  }

  /// What is believed of where the client went.
  std::string origin() const { return std::string(client.scheme) + "://" + client.host; }

  std::string bytes;
  net::Address peer;
  RequestHead head;
  Client client;
  std::string error;
};

TEST(TakeClient, WalksTheChainFromTheRightToTheFirstStranger) {
  struct Case {
    std::string_view headers;
    std::string_view address;
  };
  for (const auto& [headers, address] : {
           Case{"", "10.0.0.1"},
           Case{"X-Forwarded-For: 203.0.113.5\r\n", "203.0.113.5"},
           Case{"X-Forwarded-For: 203.0.113.5:51234\r\n", "203.0.113.5"},
           Case{"X-Forwarded-For: [2001:db8::9]:443\r\n", "2001:db8::9"},
           Case{"X-Forwarded-For: 2001:db8::9\r\n", "2001:db8::9"},
           Case{"X-Forwarded-For: 127.0.0.1, 203.0.113.5\r\n", "203.0.113.5"},
           Case{"X-Forwarded-For: no address, 203.0.113.5\r\n", "203.0.113.5"},
           Case{"X-Forwarded-For: 1.1.1.1,203.0.113.5 , 10.9.9.9,fd00::2\r\n", "203.0.113.5"},
           Case{"X-Forwarded-For: 10.9.9.9, 10.8.8.8\r\n", "10.9.9.9"},
           Case{"X-Forwarded-For: 1.1.1.1, unknown, 10.8.8.8\r\n", "unknown"},
           Case{"X-Forwarded-For: 1.1.1.1, unix:, 10.8.8.8\r\n", "unix"},
           Case{"X-Forwarded-For: 1.1.1.1\r\nx-forwarded-for: 203.0.113.5, 10.1.1.1\r\n",
                "203.0.113.5"},
           Case{"Forwarded: for=1.1.1.1, for=203.0.113.5, for=10.1.1.1\r\n", "203.0.113.5"},
           Case{"Forwarded: for=1.1.1.1\r\nForwarded: for=\"[2001:db8::9]:1\"\r\n", "2001:db8::9"},
           Case{"Forwarded: for=1.1.1.1, for=_hidden, for=10.1.1.1\r\n", "_hidden"},
           Case{"Forwarded: for=1.1.1.1, by=10.1.1.1\r\n", "unknown"},
           Case{"X-Forwarded-For: 1.1.1.1, 203.0.113.5\r\nForwarded: for=203.0.113.5\r\n",
                "203.0.113.5"},
       }) {
    const Request request(headers);
    EXPECT_EQ(request.error, "") << headers;
    EXPECT_EQ(request.client.address, address) << headers;
    EXPECT_EQ(request.client.proxy, headers.empty() ? "" : "10.0.0.1") << headers;
  }
}

TEST(TakeClient, SchemeAndHostComeFromTheProxyThatSawTheClient) {
  struct Case {
    std::string_view headers;
    std::string_view origin;
  };
  const std::string_view chain = "X-Forwarded-For: 203.0.113.5, 10.1.1.1\r\n";
  for (const auto& [headers, origin] : {
           Case{"", "://reg.example.com"},
           Case{"X-Forwarded-Proto: https\r\n", "https://reg.example.com"},
           Case{"X-Forwarded-Proto: HTTPS\r\n", "https://reg.example.com"},
           Case{"X-Forwarded-Proto: https, http\r\n", "https://reg.example.com"},
           Case{"X-Forwarded-Proto: http, https, http\r\n", "https://reg.example.com"},
           Case{"X-Forwarded-Host: shop.example.com\r\n", "://shop.example.com"},
           Case{"X-Forwarded-Host: evil, shop.example.com, inner\r\nX-Forwarded-Proto: https\r\n",
                "https://shop.example.com"},
           Case{"X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n", "https://reg.example.com"},
           Case{"X-Forwarded-Proto: https\r\nX-Forwarded-Port: 5043\r\n",
                "https://reg.example.com:5043"},
           Case{"X-Forwarded-Host: [::1]\r\nX-Forwarded-Port: 81\r\n", "://[::1]:81"},
           Case{"X-Forwarded-Host: a:82\r\nX-Forwarded-Port: 81\r\n", "://a:82"},
       }) {
    const Request request(std::string(chain) + std::string(headers));
    EXPECT_EQ(request.error, "") << headers;
    EXPECT_EQ(request.origin(), origin) << headers;
  }
  const Request forwarded(
      "Forwarded: for=1.1.1.1;host=evil, for=203.0.113.5;proto=https, "
      "for=10.1.1.1;proto=http;host=\"shop:5043\"\r\n");
  EXPECT_EQ(forwarded.origin(), "https://shop:5043");
  const Request direct("X-Forwarded-Proto: http\r\n", "203.0.113.9", trusted(), true);
  EXPECT_EQ(direct.origin(), "://") << "a stranger's words";
  EXPECT_EQ(Request("").origin(), "://") << "a proxy that says nothing";
  EXPECT_EQ(Request("X-Forwarded-Proto: http\r\n").origin(), "http://reg.example.com");
}

TEST(TakeClient, RefusesWhatAProxyShouldNotSend) {
  struct Case {
    std::string_view headers;
    std::string_view word;
  };
  for (const auto& [headers, word] : {
           Case{"X-Forwarded-For: 203.0.113.5\r\nForwarded: for=203.0.113.6\r\n", "client"},
           Case{"X-Forwarded-For: 203.0.113.5\r\nX-Forwarded-Proto: http\r\n"
                "Forwarded: for=203.0.113.5;proto=https\r\n",
                "scheme"},
           Case{"X-Forwarded-For: 203.0.113.5\r\nX-Forwarded-Host: a\r\n"
                "Forwarded: for=203.0.113.5;host=b\r\n",
                "host"},
           Case{"X-Forwarded-Proto: https\r\nForwarded: for=203.0.113.5\r\n", "X-Forwarded-For"},
           Case{"X-Forwarded-For: 1.1.1.1, here\r\n", "\"here\""},
           Case{"X-Forwarded-For: 1.1.1.1,\r\n", "no address"},
           Case{"Forwarded: for=\"1.1.1.1, for=203.0.113.5\r\n", "malformed Forwarded"},
           Case{"X-Forwarded-Proto: gopher\r\n", "gopher"},
           Case{"X-Forwarded-Host: a/b\r\n", "a/b"},
           Case{"X-Forwarded-Port: 0\r\n", "port"},
           Case{"X-Forwarded-Port: 70000\r\n", "port"},
           Case{"X-Remote-User: a\r\nX-Remote-User: b\r\n", "X-Remote-User stands there twice"},
           Case{"X-Remote-User: a\r\nX-Remote-Groups: b\r\nx-remote-groups: c\r\n", "twice"},
       }) {
    const Request request(headers);
    EXPECT_NE(request.error.find(word), std::string::npos) << headers << " -> " << request.error;
    EXPECT_EQ(Request(headers, "203.0.113.9").error, "") << "a stranger's words are not read";
  }
}

TEST(TakeClient, BoundsTheChain) {
  std::string chain = "X-Forwarded-For: 203.0.113.5";
  for (int i = 0; i < 15; ++i) chain += ", 10.1.1.1";
  EXPECT_EQ(Request(chain + "\r\n").client.address, "203.0.113.5");
  const Request loop(chain + ", 10.1.1.1\r\n");
  EXPECT_NE(loop.error.find("loop"), std::string::npos) << loop.error;
}

TEST(TakeClient, OneFamilyCanBeChosen) {
  const std::string_view both =
      "X-Forwarded-For: 203.0.113.5\r\nForwarded: for=203.0.113.6;proto=https\r\n";
  TrustedProxies proxies = trusted();
  proxies.headers = TrustedProxies::Headers::x_forwarded;
  EXPECT_EQ(Request(both, "10.0.0.1", proxies).client.address, "203.0.113.5");
  EXPECT_EQ(Request(both, "10.0.0.1", proxies).client.scheme, "");
  proxies.headers = TrustedProxies::Headers::forwarded;
  EXPECT_EQ(Request(both, "10.0.0.1", proxies).client.address, "203.0.113.6");
}

TEST(TakeClient, BelievesNoStrangerAndHidesWhatTheySaid) {
  const std::string_view headers =
      "X-Forwarded-For: 1.1.1.1\r\nX-FORWARDED-PROTO: https\r\nX-Forwarded-Host: evil\r\n"
      "Forwarded: for=1.1.1.1;proto=https;host=evil\r\nX-Real-IP: 1.1.1.1\r\nAccept: a\r\n"
      "X-Remote-User: admin\r\nX_Remote_User: admin\r\nX-Remote-Groups: admins\r\n"
      "Remote-User: admin\r\nX-Auth-Request-Email: a@b\r\nX-Forwarded-User: admin\r\n"
      "X-Original-URL: /x\r\nX_Forwarded_For: 1.1.1.1\r\nX-Docker-Token: true\r\n"
      "X-Forward: a\r\nX-Forwarded-Uri: /q\r\nX_Forwarded_Uri: /q\r\nAuthorization: Basic eA==\r\n";
  for (const char* peer : {"203.0.113.9", "127.0.0.1", "unix", "2001:db8::1"}) {
    const Request request(headers, peer);
    EXPECT_EQ(request.error, "");
    EXPECT_EQ(request.client.address, peer);
    EXPECT_EQ(request.origin(), "://");
    EXPECT_FALSE(request.client.user);
    EXPECT_EQ(request.names(),
              "Host Accept X-Docker-Token X-Forward X-Forwarded-Uri Authorization ");
  }
  EXPECT_EQ(Request(headers, "203.0.113.9", TrustedProxies()).names(),
            "Host Accept X-Docker-Token X-Forward X-Forwarded-Uri Authorization ");
}

TEST(TakeClient, TakesOverAUserAndLeavesNoTraceInTheHead) {
  const Request request(
      "X-Remote-User: alice\r\nX-Remote-Groups: a, b\r\nX_Remote_User: mallory\r\n"
      "X-Forwarded-Proto: https\r\nX-Forwarded-Uri: /v2/\r\nX_Forwarded_Uri: /evil\r\n");
  ASSERT_TRUE(request.client.user) << request.error;
  EXPECT_EQ(request.client.user->name, "alice");
  EXPECT_EQ(request.client.user->groups, "a, b");
  EXPECT_EQ(request.names(), "Host X-Forwarded-Proto X-Forwarded-Uri ");
  EXPECT_FALSE(Request("X-Remote-User:\r\n").client.user) << "empty is nobody";
  EXPECT_FALSE(Request("X-Remote-Groups: admins\r\n").client.user);
  TrustedProxies no_users = trusted();
  no_users.user_header.clear();
  EXPECT_FALSE(Request("X-Remote-User: alice\r\n", "10.0.0.1", no_users).client.user);
  EXPECT_TRUE(Request("X-Remote-User: alice\r\n", "unix", trusted({"unix:"})).client.user);
}

TEST(TakeClient, TheHeadersOfUsersHaveTheNamesThatWereGiven) {
  TrustedProxies proxies = trusted();
  proxies.user_header = "X-Portal-Login";
  proxies.groups_header = "X-Portal-Teams";
  const std::string_view claims =
      "X-Portal-Login: alice\r\nx-portal-teams: a\r\nX_Portal_Login: mallory\r\n"
      "X-Remote-User: mallory\r\n";
  const Request request(claims, "10.0.0.1", proxies);
  ASSERT_TRUE(request.client.user) << request.error;
  EXPECT_EQ(request.client.user->name, "alice");
  EXPECT_EQ(request.client.user->groups, "a");
  EXPECT_EQ(request.names().find("Portal"), std::string::npos) << request.names();
  const Request stranger(claims, "203.0.113.9", proxies);
  EXPECT_FALSE(stranger.client.user);
  EXPECT_EQ(stranger.names(), "Host ");
}

TEST(TakeClient, WithASecretOnlyWhoKnowsItIsBelieved) {
  TrustedProxies proxies = trusted();
  proxies.secret_header = "X-Proxy-Secret";
  proxies.secret = Secret(kSecret);
  const std::string claims = "X-Remote-User: alice\r\nX-Forwarded-For: 203.0.113.5\r\n";
  const std::string right = "X-Proxy-Secret: " + std::string(kSecret) + "\r\n";
  const Request proven(claims + right, "10.0.0.1", proxies);
  EXPECT_TRUE(proven.client.user);
  EXPECT_EQ(proven.client.address, "203.0.113.5");
  EXPECT_EQ(proven.names(), "Host X-Forwarded-For ");
  for (const std::string& headers : {claims, claims + "X-Proxy-Secret: 0123456789abcdeF\r\n",
                                     claims + "X-Proxy-Secret: 0123456789abcde\r\n",
                                     claims + "X-Proxy-Secret:\r\n", claims + right + right}) {
    const Request request(headers, "10.0.0.1", proxies);
    EXPECT_FALSE(request.client.user) << headers;
    EXPECT_EQ(request.client.address, "10.0.0.1") << headers;
    EXPECT_EQ(request.names(), "Host ") << headers;
  }
  EXPECT_FALSE(Request(claims + right, "203.0.113.9", proxies).client.user) << "not listed";
}

TEST(TakeClient, NothingIsLeftOfTheRequestBefore) {
  Request first("X-Forwarded-For: 203.0.113.5\r\nX-Forwarded-Proto: https\r\nX-Remote-User: a\r\n");
  ASSERT_TRUE(first.client.user);
  Request second("");
  const auto taken = take_client({.address = second.peer, .host = "10.0.0.1", .encrypted = false},
                                 trusted(), second.head, first.client);
  ASSERT_TRUE(taken);
  EXPECT_EQ(first.client.address, "10.0.0.1");
  EXPECT_EQ(first.client.proxy, "");
  EXPECT_EQ(first.client.scheme, "");
  EXPECT_EQ(first.client.host, "");
  EXPECT_FALSE(first.client.user);
}

}  // namespace
}  // namespace moorgate::http
