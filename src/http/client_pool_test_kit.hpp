#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "http/client_pool.hpp"
#include "http/raw_server_test_kit.hpp"

namespace moorgate::http {

inline ClientTimeouts short_timeouts() {
  ClientTimeouts timeouts;
  timeouts.connect = std::chrono::milliseconds(2'000);
  timeouts.response = std::chrono::milliseconds(2'000);
  timeouts.progress = std::chrono::milliseconds(1'000);
  timeouts.continue_wait = std::chrono::milliseconds(500);
  return timeouts;
}

inline ClientPoolOptions options_for(const RawServer& server) {
  ClientPoolOptions options;
  options.origin = server.url();
  options.timeouts = short_timeouts();
  return options;
}

/// What came back, as a test wants to see it.
struct Seen {
  int status = 0;
  std::string body;
  std::optional<ClientFailure::Kind> failed;
  std::string detail;
  std::optional<Code> body_error;
};

inline Task<Seen> ask(ClientPool& pool, ClientRequest request, BodySource* body) {
  Seen seen;
  auto answer = co_await pool.send(request, body);
  if (!answer) {
    seen.failed = answer.error().kind;
    seen.detail = answer.error().error.detail;
    co_return seen;
  }
  seen.status = answer->head().status;
  auto text = co_await answer->read_all(1 << 20);
  if (text) {
    seen.body = std::move(*text);
  } else {
    seen.body_error = text.error().code;
  }
  co_return seen;
}

class ClientPoolTest : public ClientTest {
 protected:
  Seen get(ClientPool& pool, std::string_view method = "GET") {
    return run(ask(pool, ClientRequest(method, "/x"), nullptr));
  }
  /// Against a server that answers every request with `answer`, then reads on.
  Seen get_from(std::string answer, std::string_view method = "GET") {
    RawServer server([&answer](RawPeer& peer, int) {
      if (!peer.read_head().empty() && peer.send(answer)) peer.read_to_end();
    });
    ClientPool pool(dialer(), options_for(server));
    return get(pool, method);
  }
  /// The same, but the server closes after it.
  Seen get_from_closing(std::string answer) {
    RawServer server([&answer](RawPeer& peer, int) {
      peer.read_head();
      peer.send(answer);
    });
    ClientPool pool(dialer(), options_for(server));
    return get(pool);
  }
};

/// Yields `pieces` pieces of `size` bytes each.
class PieceBody final : public BodySource {
 public:
  PieceBody(std::size_t pieces, std::size_t size, bool announced)
      : left_(pieces * size), total_(left_), announced_(announced) {}
  std::optional<std::uint64_t> length() const override {
    return announced_ ? std::optional<std::uint64_t>(total_) : std::nullopt;
  }
  Task<Result<std::size_t>> read_some(std::span<char> into) override {
    const std::size_t count = std::min(into.size(), left_);
    std::fill_n(into.begin(), count, 'x');
    left_ -= count;
    co_return count;
  }
  void interrupt() noexcept override {}
  bool rewind() noexcept override { return left_ == total_; }

 private:
  std::size_t left_;
  const std::size_t total_;
  const bool announced_;
};

}  // namespace moorgate::http
