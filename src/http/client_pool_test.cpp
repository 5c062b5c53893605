#include "http/client_pool.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "http/client_pool_test_kit.hpp"

namespace moorgate::http {
namespace {

using std::chrono::milliseconds;
using Kind = ClientFailure::Kind;

TEST_F(ClientPoolTest, ReusesAConnectionWhoseExchangeEndedForCertain) {
  RawServer server([](RawPeer& peer, int) {
    while (!peer.read_head().empty()) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  ClientPool pool(dialer(), options_for(server));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(pool).body, "ok");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(ClientPoolTest, BytesBeyondTheAnnouncedEndPoisonNobody) {
  for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n"
                             "Content-Length: 4\r\n\r\nevil",
                             "HTTP/1.1 204 No Content\r\n\r\nevil",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
                             "\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"}) {
    RawServer server([answer](RawPeer& peer, int) {
      while (!peer.read_head().empty()) peer.send(answer);
    });
    ClientPool pool(dialer(), options_for(server));
    for (int i = 0; i < 3; ++i) EXPECT_NE(get(pool).body, "evil");
    EXPECT_EQ(server.connections(), 3) << answer;
  }
}

TEST_F(ClientPoolTest, ClosesWhatMayNotBeReused) {
  for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
                             "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"}) {
    RawServer server([answer](RawPeer& peer, int) {
      while (!peer.read_head().empty()) peer.send(answer);
    });
    ClientPool pool(dialer(), options_for(server));
    EXPECT_EQ(get(pool).body, "ok");
    EXPECT_EQ(get(pool).body, "ok");
    EXPECT_EQ(server.connections(), 2) << answer;
  }
}

TEST_F(ClientPoolTest, TriesOnceMoreWhenAnIdleConnectionHadDied) {
  // The first connection answers once and dies at the next request without a word.
  RawServer server([](RawPeer& peer, int connection) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    if (connection == 0) {
      peer.read_head();
      return;
    }
    while (!peer.read_head().empty()) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  ClientPool pool(dialer(), options_for(server));
  EXPECT_EQ(get(pool).body, "ok");
  EXPECT_EQ(get(pool).body, "ok");
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(ClientPoolTest, NeverRepeatsWhatMayNotBeRepeated) {
  RawServer server([](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    peer.read_head();
  });
  ClientPool pool(dialer(), options_for(server));
  EXPECT_EQ(get(pool).body, "ok");
  EXPECT_EQ(get(pool, "POST").failed, Kind::broken);
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(get(pool).body, "ok");
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(ClientPoolTest, NoticesThatTheServerClosedAnIdleConnection) {
  std::atomic<int> closed = 0;
  RawServer server([&closed](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    peer.shutdown_send();
    ++closed;
    closed.notify_one();
  });
  ClientPool pool(dialer(), options_for(server));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(get(pool, "POST").body, "ok") << "a POST is not tried twice";
    closed.wait(i);
  }
}

TEST_F(ClientPoolTest, ABusyPoolSaysSoAndServesInTurn) {
  std::promise<void> gate;
  auto open = gate.get_future().share();
  RawServer server([open](RawPeer& peer, int) {
    while (!peer.read_head().empty()) {
      open.wait();
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  });
  auto options = options_for(server);
  options.connections = 1;
  options.waiting = 2;
  options.wait = milliseconds(5'000);
  ClientPool pool(dialer(), options);
  std::vector<std::future<Seen>> asked;
  for (int i = 0; i < 4; ++i) {
    auto task = ask(pool, ClientRequest("GET", "/x"), nullptr);
    auto result = std::make_shared<std::promise<Seen>>();
    asked.push_back(result->get_future());
    boost::asio::co_spawn(
        worker_->context(), std::move(task),
        [result](const std::exception_ptr&, Seen seen) { result->set_value(std::move(seen)); });
  }
  EXPECT_EQ(asked[3].get().failed, Kind::busy);
  gate.set_value();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(asked[i].get().body, "ok");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(ClientPoolTest, AWaiterGivesUpInTime) {
  RawServer server([](RawPeer& peer, int) { peer.read_to_end(); });
  auto options = options_for(server);
  options.connections = 1;
  options.wait = milliseconds(100);
  ClientPool pool(dialer(), options);
  boost::asio::co_spawn(worker_->context(), ask(pool, ClientRequest("GET", "/x"), nullptr),
                        [](const std::exception_ptr&, const Seen&) {});
  EXPECT_EQ(get(pool).failed, Kind::busy);
}

TEST_F(ClientPoolTest, ClosesConnectionsThatAreIdleForLong) {
  std::promise<void> closed;
  RawServer server([&closed](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    if (peer.read_head().empty()) closed.set_value();
  });
  auto options = options_for(server);
  options.timeouts.idle = milliseconds(300);
  ClientPool pool(dialer(), options);
  EXPECT_EQ(get(pool).body, "ok");
  closed.get_future().wait();
  std::size_t open = 1;
  on_loop([&] { open = pool.open(); });
  EXPECT_EQ(open, 0U);
}

TEST_F(ClientPoolTest, NobodyThereIsUnreachable) {
  RawServer server([](RawPeer&, int) {});
  ClientPool pool(dialer(), options_for(server));
  server.stop();
  const Seen seen = get(pool);
  EXPECT_EQ(seen.failed, Kind::unreachable);
  EXPECT_NE(seen.detail.find("refused"), std::string::npos) << seen.detail;
}

TEST_F(ClientPoolTest, MayDieInMidExchange) {
  RawServer server([](RawPeer& peer, int) { peer.read_to_end(); });
  auto pool = std::make_unique<ClientPool>(dialer(), options_for(server));
  auto result = std::make_shared<std::promise<Seen>>();
  boost::asio::co_spawn(
      worker_->context(), ask(*pool, ClientRequest("GET", "/x"), nullptr),
      [result](const std::exception_ptr&, Seen seen) { result->set_value(std::move(seen)); });
  on_loop([&] { pool.reset(); });
  EXPECT_EQ(result->get_future().get().failed, Kind::timeout);
}

TEST_F(ClientPoolTest, MayOutliveItsWorker) {
  RawServer server([](RawPeer& peer, int connection) {
    peer.read_head();
    if (connection == 0) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    peer.read_to_end();
  });
  ClientPool pool(dialer(), options_for(server));
  EXPECT_EQ(get(pool).body, "ok");
  PieceBody body(1000, 1 << 20, true);
  boost::asio::co_spawn(worker_->context(), ask(pool, ClientRequest("PUT", "/x"), &body),
                        [](const std::exception_ptr&, const Seen&) {});
  std::this_thread::sleep_for(milliseconds(50));
  names_.finish();
  worker_->stop();
  worker_.reset();
  EXPECT_EQ(pool.open(), 0U);
}

}  // namespace
}  // namespace moorgate::http
