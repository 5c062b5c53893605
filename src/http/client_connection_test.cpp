#include "http/client_connection.hpp"

#include <gtest/gtest.h>

#include <string>

#include "http/client_pool_test_kit.hpp"
#include "net/event.hpp"

namespace moorgate::http {
namespace {

using std::chrono::milliseconds;
using Kind = ClientFailure::Kind;
using ClientConnectionTest = ClientPoolTest;

/// Has nothing to give until it is interrupted.
class StuckBody final : public BodySource {
 public:
  explicit StuckBody(net::Worker& worker) : event_(worker, net::Event::kForever) {}
  std::optional<std::uint64_t> length() const override { return 10; }
  Task<Result<std::size_t>> read_some(std::span<char> /*into*/) override {
    co_await event_.wait();
    co_return failure(Code::timeout, "interrupted");
  }
  void interrupt() noexcept override { event_.set(); }
  bool rewind() noexcept override { return true; }

 private:
  net::Event event_;
};

class FailingBody final : public BodySource {
 public:
  std::optional<std::uint64_t> length() const override { return 10; }
  Task<Result<std::size_t>> read_some(std::span<char> /*into*/) override {
    co_return failure(Code::end_of_stream, "the client is gone");
  }
  void interrupt() noexcept override {}
  bool rewind() noexcept override { return false; }
};

TEST_F(ClientConnectionTest, ReadsEveryKindOfBody) {
  struct {
    const char* answer;
    const char* body;
  } const cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"},
      {"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "ok"},
      {"HTTP/1.1 204 No Content\r\n\r\n", ""},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", ""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n"
       "Trailer: t\r\n\r\n",
       "abcde"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz",
       "z"},
  };
  for (const auto& each : cases) {
    const Seen seen = get_from(each.answer);
    EXPECT_FALSE(seen.failed || seen.body_error) << each.answer << seen.detail;
    EXPECT_EQ(seen.body, each.body) << each.answer;
  }
  EXPECT_EQ(get_from_closing("HTTP/1.0 200 OK\r\n\r\nuntil the end").body, "until the end");
  EXPECT_EQ(get_from("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "HEAD").status, 200);
}

TEST_F(ClientConnectionTest, RefusesWhatTwoParsersCouldReadInTwoWays) {
  for (const char* answer : {
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
           "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
           "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 200 OK\nContent-Length: 0\n\n\r\n\r\n",
           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
           "HTTP/1.1 999 What\r\n\r\n",
           "HTTP/2 200\r\n\r\n",
           "SSH-2.0-OpenSSH_9.2\r\n",
           "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
       }) {
    EXPECT_EQ(get_from(answer).failed, Kind::malformed) << answer;
  }
}

TEST_F(ClientConnectionTest, GivesUpOnWhatHasNoEnd) {
  std::string many_headers = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 10'000; ++i) many_headers += "X: " + std::string(1000, 'x') + "\r\n";
  EXPECT_EQ(get_from(many_headers).failed, Kind::malformed) << "10 MB of headers";
  EXPECT_EQ(get_from("HTTP/1.1 200 OK\r\nX: " + std::string(10 << 20, 'x')).failed, Kind::malformed)
      << "one header of 10 MB";

  std::string interim;
  for (int i = 0; i < 1000; ++i) interim += "HTTP/1.1 102 Processing\r\n\r\n";
  EXPECT_EQ(get_from(interim).failed, Kind::malformed) << "endless 1xx";

  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(get_from(chunked + "1;" + std::string(1 << 20, 'x')).body_error, Code::bad_request)
      << "endless chunk extension";
  EXPECT_EQ(get_from(chunked + "0\r\nT: " + std::string(1 << 20, 'x')).body_error,
            Code::bad_request)
      << "endless trailer";
}

TEST_F(ClientConnectionTest, TakesALargeHeadWithItsBody) {
  const std::string head = "HTTP/1.1 200 OK\r\nX: " + std::string(60'000, 'x') +
                           "\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(get_from(head + "5\r\nhello\r\n0\r\n\r\n").body, "hello");
}

TEST_F(ClientConnectionTest, AnAnswerThatBreaksOffIsNeverTakenForComplete) {
  EXPECT_EQ(get_from_closing("").failed, Kind::broken);
  EXPECT_EQ(get_from_closing("HTTP/1.1 200 OK\r\nContent-Le").failed, Kind::broken);
  EXPECT_EQ(get_from_closing("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.").body_error,
            Code::end_of_stream);
  EXPECT_EQ(get_from_closing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
                .body_error,
            Code::end_of_stream);
}

TEST_F(ClientConnectionTest, ASilentOrDrippingServerIsGivenUp) {
  EXPECT_EQ(get_from("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel").body_error, Code::timeout);
  RawServer dripping([](RawPeer& peer, int) {
    peer.read_head();
    while (peer.send("H")) std::this_thread::sleep_for(milliseconds(50));
  });
  ClientPool pool(dialer(), options_for(dripping));
  EXPECT_EQ(get(pool).failed, Kind::malformed);
  RawServer slow([](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\n");
    while (peer.send("X: y\r\n")) std::this_thread::sleep_for(milliseconds(50));
  });
  ClientPool slow_pool(dialer(), options_for(slow));
  EXPECT_EQ(get(slow_pool).failed, Kind::timeout) << "every byte is in time, the whole is not";
}

std::string echo_length(RawPeer& peer, std::size_t expected) {
  const std::string head = peer.read_head();
  const std::string body = peer.read_exactly(expected);
  peer.send("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
  return head + std::to_string(body.size());
}

TEST_F(ClientConnectionTest, SendsABodyByLengthAndInChunks) {
  std::promise<std::string> by_length;
  std::promise<std::string> by_chunks;
  RawServer server([&](RawPeer& peer, int) {
    by_length.set_value(echo_length(peer, 1'000'000));
    std::string got = peer.read_head();
    while (!got.ends_with("\r\n0\r\n\r\n")) got += peer.read_exactly(1);
    peer.send("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
    by_chunks.set_value(std::move(got));
  });
  ClientPool pool(dialer(), options_for(server));
  PieceBody known(10, 100'000, true);
  EXPECT_EQ(run(ask(pool, ClientRequest("PUT", "/x"), &known)).status, 201);
  const std::string first = by_length.get_future().get();
  EXPECT_NE(first.find("Content-Length: 1000000\r\n"), std::string::npos);
  EXPECT_TRUE(first.ends_with("\r\n\r\n1000000"));

  PieceBody unknown(1, 3, false);
  EXPECT_EQ(run(ask(pool, ClientRequest("PATCH", "/x"), &unknown)).status, 201);
  const std::string second = by_chunks.get_future().get();
  EXPECT_NE(second.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_TRUE(second.ends_with("\r\n\r\n3\r\nxxx\r\n0\r\n\r\n")) << second;
  EXPECT_EQ(server.connections(), 1) << "both sides were through: reused";
}

TEST_F(ClientConnectionTest, WaitsForContinueButNotForEver) {
  std::promise<std::string> early;
  RawServer server([&early](RawPeer& peer, int connection) {
    const std::string head = peer.read_head();
    if (connection == 0) {
      EXPECT_TRUE(peer.is_silent_for(milliseconds(100))) << "the body came unasked";
      peer.send("HTTP/1.1 100 Continue\r\n\r\n");
      early.set_value(head);
    }
    peer.read_exactly(3);
    peer.send("HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  });
  for (const milliseconds patience : {milliseconds(10'000), milliseconds(500)}) {
    auto options = options_for(server);
    options.timeouts.continue_wait = patience;
    ClientPool pool(dialer(), options);
    ClientRequest request("PUT", "/x");
    request.expect_continue(true);
    TextBody body("abc");
    EXPECT_EQ(run(ask(pool, std::move(request), &body)).status, 201) << patience.count();
  }
  EXPECT_NE(early.get_future().get().find("Expect: 100-continue\r\n"), std::string::npos);
}

TEST_F(ClientConnectionTest, ARefusalInsteadOfContinueSparesTheBody) {
  std::promise<std::string> rest;
  RawServer server([&rest](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    rest.set_value(peer.read_to_end());
  });
  auto options = options_for(server);
  // However late the refusal is, the client still waits.
  options.timeouts.continue_wait = milliseconds(10'000);
  ClientPool pool(dialer(), options);
  ClientRequest request("PUT", "/x");
  request.expect_continue(true);
  TextBody body("abc");
  const Seen seen = run(ask(pool, std::move(request), &body));
  EXPECT_EQ(seen.status, 403);
  EXPECT_EQ(seen.body, "no");
  EXPECT_EQ(rest.get_future().get(), "") << "the connection was closed, the body never sent";
}

TEST_F(ClientConnectionTest, AnEarlyAnswerStopsABodyThatTheServerDoesNotRead) {
  RawServer server([](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    // Reads nothing: the client's sends fill every buffer.
    std::this_thread::sleep_for(milliseconds(300));
    peer.read_to_end();
  });
  ClientPool pool(dialer(), options_for(server));
  PieceBody body(1000, 1 << 20, true);
  const Seen seen = run(ask(pool, ClientRequest("PUT", "/x"), &body));
  EXPECT_EQ(seen.status, 413) << seen.detail;
  EXPECT_EQ(seen.body, "no");
  std::size_t open = 1;
  on_loop([&] { open = pool.open(); });
  EXPECT_EQ(open, 0U) << "half a request went out: never again";
}

TEST_F(ClientConnectionTest, AnEarlyAnswerInterruptsASourceThatHasNothing) {
  RawServer server([](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
    peer.read_to_end();
  });
  ClientPool pool(dialer(), options_for(server));
  StuckBody body(*worker_);
  EXPECT_EQ(run(ask(pool, ClientRequest("PUT", "/x"), &body)).status, 401);
}

TEST_F(ClientConnectionTest, ASourceThatFailsIsNotTheServersFault) {
  std::promise<std::string> got;
  RawServer server([&got](RawPeer& peer, int) { got.set_value(peer.read_to_end()); });
  ClientPool pool(dialer(), options_for(server));
  FailingBody body;
  const Seen seen = run(ask(pool, ClientRequest("PUT", "/x"), &body));
  EXPECT_EQ(seen.failed, Kind::body);
  EXPECT_TRUE(got.get_future().get().ends_with("\r\n\r\n")) << "closed, so it is not complete";
}

TEST_F(ClientConnectionTest, AServerThatTakesNothingTimesOut) {
  std::promise<void> over;
  auto end = over.get_future().share();
  RawServer server([end](RawPeer& peer, int) {
    peer.read_head();
    end.wait();
  });
  ClientPool pool(dialer(), options_for(server));
  PieceBody body(1000, 1 << 20, true);
  EXPECT_EQ(run(ask(pool, ClientRequest("PUT", "/x"), &body)).failed, Kind::timeout);
  over.set_value();
}

TEST_F(ClientConnectionTest, WillNotWriteWhatWouldSplitARequest) {
  RawServer server([](RawPeer& peer, int) { peer.read_to_end(); });
  ClientPool pool(dialer(), options_for(server));
  for (const auto& [method, target] : {std::pair{"GET", "/a b"},
                                       {"GET", "/a\r\nX: y"},
                                       {"GET", "http://elsewhere/"},
                                       {"GE T", "/"},
                                       {"", "/"}}) {
    EXPECT_EQ(run(ask(pool, ClientRequest(method, target), nullptr)).failed, Kind::refused);
  }
  ClientRequest request("GET", "/");
  EXPECT_FALSE(request.add("X", "a\r\nY: b"));
  EXPECT_FALSE(request.add("X Y", "a"));
  EXPECT_FALSE(request.add("host", "a"));
  EXPECT_FALSE(request.add("Transfer-Encoding", "chunked"));
  EXPECT_TRUE(request.add("X", "a"));
  EXPECT_EQ(request.lines(), "X: a\r\n");
}

}  // namespace
}  // namespace moorgate::http
