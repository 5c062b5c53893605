#include "http/server.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <array>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "net/blocking.hpp"
#include "net/worker.hpp"

namespace moorgate::http {
namespace {

/// Answers with what it was sent; paths choose special behaviour.
class Echo final : public Handler {
 public:
  Task<> handle(Exchange& exchange) override {
    const std::string_view path = exchange.head().path;
    if (path == "/throw") throw std::runtime_error("on purpose");
    if (path == "/silent") co_return;
    if (path == "/refuse") {
      exchange.status(403);
      co_await exchange.send("no");
      co_return;
    }
    if (path == "/gone") {
      exchange.abandon();
      co_return;
    }
    if (path == "/stream") {
      exchange.status(200);
      if (!co_await exchange.begin_unbounded()) co_return;
      if (exchange.head().method == Method::head) co_return;
      for (const std::string_view piece : {"sixteen letters.", "more"}) {
        if (!co_await exchange.write(piece)) co_return;
      }
      std::ignore = co_await exchange.end();
      co_return;
    }
    auto body = co_await exchange.body().read_all(1 << 20);
    if (!body) {
      exchange.status(body.error().code == Code::bad_request ? 400 : 413);
      exchange.close_after();
      co_await exchange.send("bad");
      co_return;
    }
    exchange.status(200);
    exchange.header("X-Path", path);
    exchange.header("X-Client", exchange.client().address);
    co_await exchange.send(*body);
  }
  ErrorPage error_page(int status, std::string_view reason) const override {
    return {.content_type = "text/plain",
            .body = std::to_string(status) + " " + std::string(reason),
            .headers = "X-Page: error\r\n",
            .status = status == 500 ? std::optional(503) : std::nullopt};
  }
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() : disk_("disk", 1, 16), worker_(std::make_unique<net::Worker>(0)) {
    server_ = std::make_unique<Server>(*worker_, disk_, log::Format::json);
    server_->use(std::make_shared<Echo>());
    worker_->start();
  }
  ~ServerTest() override {
    worker_->stop();
    worker_.reset();
  }

  /// Lets the next connections wait a second for a head or a body, and no longer.
  void lose_patience() {
    Limits limits;
    limits.header_timeout = std::chrono::seconds(1);
    limits.body_timeout = std::chrono::seconds(1);
    worker_->post([this, limits] { server_->use(limits); });
  }

  /// A client's end of a connection that the server serves.
  UniqueFd connect(bool proxy_header = false) {
    std::array<int, 2> pair{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::promise<void> taken;
    worker_->post([this, fd = pair[1], proxy_header, &taken] {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      net::AcceptedSocket socket{
          UniqueFd(fd), net::Address(reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)),
          proxy_header};
      worker_->connections.fetch_add(1);
      server_->serve(std::move(socket), Server::Transport::plain);
      taken.set_value();
    });
    taken.get_future().wait();
    return UniqueFd(pair[0]);
  }

  /// How many connections the worker counts after it was to serve `fd`.
  std::size_t count_after_serving(UniqueFd fd) {
    std::promise<std::size_t> count;
    worker_->post([this, &fd, &count] {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      worker_->connections.fetch_add(1);
      server_->serve(
          {std::move(fd), net::Address(reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t))},
          Server::Transport::plain);
      count.set_value(worker_->connections.load());
    });
    return count.get_future().get();
  }

  static void send(const UniqueFd& client, std::string_view bytes) {
    ASSERT_EQ(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  /// Everything up to the server's close.
  static std::string read_to_end(const UniqueFd& client) {
    std::string all;
    std::array<char, 4096> buffer{};
    ssize_t count = 0;
    while ((count = ::recv(client.get(), buffer.data(), buffer.size(), 0)) > 0) {
      all.append(buffer.data(), static_cast<std::size_t>(count));
    }
    EXPECT_EQ(count, 0) << "the server did not close";
    return all;
  }

  std::string answer(std::string_view bytes, bool proxy_header = false) {
    const UniqueFd client = connect(proxy_header);
    send(client, bytes);
    return read_to_end(client);
  }

  net::Blocking disk_;
  std::unique_ptr<net::Worker> worker_;
  std::unique_ptr<Server> server_;
};

constexpr std::string_view kClose = "Host: a\r\nConnection: close\r\n";

std::string post(std::string_view headers, std::string_view body, std::string_view path = "/e") {
  return "POST " + std::string(path) + " HTTP/1.1\r\n" + std::string(headers) + "\r\n" +
         std::string(body);
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  const std::string all = answer(post("Host: a\r\nContent-Length: 3\r\n", "one", "/1") +
                                 post("Host: a\r\nTransfer-Encoding: chunked\r\n",
                                      "2\r\ntw\r\n1;ext=1\r\no\r\n0\r\nTrailer: x\r\n\r\n", "/2") +
                                 post(kClose, "", "/3"));
  const std::size_t one = all.find("X-Path: /1");
  const std::size_t two = all.find("X-Path: /2");
  const std::size_t three = all.find("X-Path: /3");
  EXPECT_LT(one, two);
  EXPECT_LT(two, three);
  EXPECT_NE(three, std::string::npos);
  EXPECT_NE(all.find("\r\n\r\none"), std::string::npos);
  EXPECT_NE(all.find("\r\n\r\ntwo"), std::string::npos);
}

TEST_F(ServerTest, TakesAHeadByteByByte) {
  const UniqueFd client = connect();
  for (const char c : post(kClose, "")) send(client, {&c, 1});
  EXPECT_TRUE(read_to_end(client).starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ServerTest, RefusesBadChunksAndCloses) {
  for (const char* body : {"x\r\n", "5\r\nabc\r\n0\r\n\r\n", "-1\r\n", "1\r\nab\r\n0\r\n\r\n",
                           "1 \nab", "1 \r\na\r\n0\r\n\r\n", "1;a\rb\r\na\r\n0\r\n\r\n",
                           "ffffffffffffffffff\r\n", "0x1\r\na\r\n0\r\n\r\n"}) {
    const std::string all =
        answer(post("Host: a\r\nTransfer-Encoding: chunked\r\n", body) + std::string(64, '\n'));
    EXPECT_TRUE(all.starts_with("HTTP/1.1 400")) << body << " -> " << all;
    EXPECT_EQ(all.find("HTTP/1.1", 1), std::string::npos) << body;
  }
}

TEST_F(ServerTest, AnswersAMalformedHeadWithTheErrorPage) {
  const std::string all = answer("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET / HTTP/1.1\r\n");
  EXPECT_TRUE(all.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_NE(all.find("X-Page: error\r\n"), std::string::npos);
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(all.find("HTTP/1.1", 1), std::string::npos) << "what followed must not be read";
}

TEST_F(ServerTest, RefusesAHugeHead) {
  const std::string all = answer("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(25'000, 'x'));
  EXPECT_TRUE(all.starts_with("HTTP/1.1 431")) << all;
}

TEST_F(ServerTest, SendsContinueOnlyWhenTheBodyIsWanted) {
  const UniqueFd client = connect();
  send(client,
       post("Host: a\r\nConnection: close\r\nContent-Length: 2\r\nExpect: 100-continue\r\n", ""));
  std::array<char, 64> buffer{};
  const ssize_t count = ::recv(client.get(), buffer.data(), buffer.size(), 0);
  ASSERT_GT(count, 0);
  EXPECT_EQ(std::string_view(buffer.data(), static_cast<std::size_t>(count)),
            "HTTP/1.1 100 Continue\r\n\r\n");
  send(client, "ok");
  EXPECT_NE(read_to_end(client).find("\r\n\r\nok"), std::string::npos);

  const std::string refused =
      answer(post("Host: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n", "", "/refuse"));
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 403"));
}

TEST_F(ServerTest, LetsTheClientReadARefusalBeforeItsBodyIsThrough) {
  const UniqueFd client = connect();
  send(client, post("Host: a\r\nContent-Length: 100000000\r\n", "", "/refuse"));
  // Far more than socket buffers hold: if the server closed at once, the send would fail.
  const std::string piece(256 << 10, 'x');
  for (int i = 0; i < 40; ++i) send(client, piece);
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_TRUE(read_to_end(client).starts_with("HTTP/1.1 403"));
}

TEST_F(ServerTest, DrainsAShortUnreadBodyAndGoesOn) {
  const std::string all = answer(post("Host: a\r\nContent-Length: 4\r\n", "rest", "/refuse") +
                                 post(kClose, "", "/next"));
  EXPECT_TRUE(all.starts_with("HTTP/1.1 403"));
  EXPECT_NE(all.find("X-Path: /next"), std::string::npos);
}

TEST_F(ServerTest, AHandlerThatFailsIsAskedForItsErrorPage) {
  for (const char* path : {"/throw", "/silent"}) {
    const std::string all = answer(post(kClose, "", path));
    EXPECT_TRUE(all.starts_with("HTTP/1.1 503")) << path;
    EXPECT_NE(all.find("X-Page: error\r\n"), std::string::npos) << path;
    EXPECT_NE(all.find("500 the registry failed inside"), std::string::npos) << path;
  }
  EXPECT_TRUE(answer(post(kClose, "")).starts_with("HTTP/1.1 200")) << "the server goes on";
}

TEST_F(ServerTest, HeadHasTheLengthAndNoBody) {
  const std::string all = answer("HEAD /refuse HTTP/1.1\r\n" + std::string(kClose) + "\r\n");
  EXPECT_NE(all.find("Content-Length: 2\r\n"), std::string::npos);
  EXPECT_TRUE(all.ends_with("\r\n\r\n"));
}

TEST_F(ServerTest, ABodyOfUnknownLengthGoesOutInChunks) {
  const std::string all = answer("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n" + post(kClose, ""));
  EXPECT_NE(all.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << all;
  EXPECT_NE(all.find("\r\n\r\n10\r\nsixteen letters.\r\n4\r\nmore\r\n0\r\n\r\nHTTP/1.1 200"),
            std::string::npos)
      << all;
  EXPECT_EQ(all.substr(0, all.find("\r\n\r\n")).find("Content-Length"), std::string::npos);
}

TEST_F(ServerTest, ABodyOfUnknownLengthEndsWithTheConnectionForHttp10) {
  const std::string all = answer("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(all.ends_with("\r\n\r\nsixteen letters.more")) << all;
  EXPECT_EQ(all.find("chunked"), std::string::npos);
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos);
}

TEST_F(ServerTest, OfABodyOfUnknownLengthHeadHasTheHeadOnly) {
  const std::string all = answer("HEAD /stream HTTP/1.1\r\n" + std::string(kClose) + "\r\n");
  EXPECT_TRUE(all.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(all.ends_with("\r\n\r\n")) << all;
  EXPECT_EQ(all.find("Content-Length"), std::string::npos);
}

TEST_F(ServerTest, AnAbandonedExchangeSendsNothing) {
  EXPECT_EQ(answer("GET /gone HTTP/1.1\r\nHost: a\r\n\r\n" + post(kClose, "")), "");
}

TEST_F(ServerTest, CutsOffAStalledHeadAndAStalledBody) {
  lose_patience();
  {
    const UniqueFd client = connect();
    send(client, "GET / HTTP/1.1\r\nHos");
    EXPECT_EQ(read_to_end(client), "");
  }
  const UniqueFd client = connect();
  send(client, post("Host: a\r\nContent-Length: 10\r\n", "half"));
  EXPECT_EQ(read_to_end(client).find("200 OK"), std::string::npos);
}

TEST_F(ServerTest, TakesThePeerFromAProxyHeaderAndLeavesWhatFollows) {
  const std::string line = "PROXY TCP4 192.0.2.7 10.0.0.1 8080 443\r\n";
  EXPECT_NE(answer(line + post(kClose, ""), true).find("X-Client: 192.0.2.7\r\n"),
            std::string::npos);
  const UniqueFd slow = connect(true);
  for (const char c : line + post(kClose, "")) send(slow, {&c, 1});
  EXPECT_NE(read_to_end(slow).find("X-Client: 192.0.2.7\r\n"), std::string::npos);
}

TEST_F(ServerTest, ClosesWithoutAWordWhereAProxyHeaderIsMissing) {
  lose_patience();
  const UniqueFd direct = connect(true);
  send(direct, post(kClose, ""));
  std::array<char, 64> buffer{};
  // A reset, as what was sent stays unread.
  EXPECT_LE(::recv(direct.get(), buffer.data(), buffer.size(), 0), 0);
  EXPECT_EQ(answer("PROXY TCP4 192.0.2.7", true), "") << "cut off after the header's timeout";
}

TEST_F(ServerTest, RefusesATrustedProxyThatContradictsItself) {
  auto proxies = std::make_shared<TrustedProxies>();
  proxies->from.push_back(net::Network::parse("unix:").value());
  worker_->post([this, proxies] { server_->use(proxies); });
  const std::string all =
      answer(post("Host: a\r\nX-Forwarded-For: 192.0.2.7\r\nForwarded: for=192.0.2.8\r\n", ""));
  EXPECT_TRUE(all.starts_with("HTTP/1.1 400"));
  EXPECT_NE(all.find("name a different client"), std::string::npos) << all;
}

TEST_F(ServerTest, AParkedConnectionStillAnswers) {
  lose_patience();
  const UniqueFd client = connect();
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  send(client, post(kClose, "", "/late"));
  EXPECT_NE(read_to_end(client).find("X-Path: /late"), std::string::npos);
}

TEST_F(ServerTest, DrainEndsIdleConnections) {
  const UniqueFd client = connect();
  worker_->post([this] { server_->drain(); });
  EXPECT_EQ(read_to_end(client), "");
}

TEST_F(ServerTest, ASocketThatCannotBeWatchedIsClosedAndNotCounted) {
  // An epoll that watches one that watches one, and so on, until no other would watch it: ELOOP.
  std::vector<UniqueFd> chain;
  chain.emplace_back(::epoll_create1(EPOLL_CLOEXEC));
  while (chain.size() < 100) {
    UniqueFd watcher(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{};
    if (::epoll_ctl(watcher.get(), EPOLL_CTL_ADD, chain.back().get(), &event) != 0) break;
    chain.push_back(std::move(watcher));
  }
  const int number = chain.back().get();
  EXPECT_EQ(count_after_serving(std::move(chain.back())), 0);
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

}  // namespace
}  // namespace moorgate::http
