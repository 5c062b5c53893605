#include "http/client_pool.hpp"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "net/event.hpp"
#include "net/worker.hpp"

namespace moorgate::http {
namespace {

using Kind = ClientFailure::Kind;
using Connection = std::shared_ptr<ClientConnection>;

struct Idle {
  Connection connection;
  std::int64_t since = 0;
};

}  // namespace

/// The pool itself. Counts every connection that is open or being made; whoever gives one back
/// wakes the one who waits longest.
class ClientResponse::Home {
 public:
  struct Lease {
    Connection connection;
    bool reused = false;
  };
  /// `fresh` closes the idle ones: where one had died, the others are not to be trusted.
  enum class Freshness : std::uint8_t { any, fresh };

  Home(Dialer dialer, ClientPoolOptions options)
      : dialer_(std::move(dialer)),
        options_(std::move(options)),
        closing_(std::make_shared<net::Event>(dialer_.worker, net::Event::kForever)) {}

  static Task<ClientResult<ClientResponse>> send(std::shared_ptr<Home> self,
                                                 const ClientRequest& request, BodySource* body) {
    if (!self) co_return client_failure(Kind::busy, "the server's connections are closed");
    auto lease = co_await take(self, Freshness::any);
    if (!lease) co_return client_failure(std::move(lease).error());
    auto outcome = co_await lease->connection->exchange(request, body);
    const bool again = !outcome && outcome.error().kind == Kind::broken && lease->reused &&
                       lease->connection->unanswered() && request.safe() && body == nullptr;
    if (again) {
      self->give_back(std::move(lease->connection));
      lease = co_await take(self, Freshness::fresh);
      if (!lease) co_return client_failure(std::move(lease).error());
      outcome = co_await lease->connection->exchange(request, body);
    }
    ClientResponse response(std::move(lease->connection), self);
    if (!outcome) co_return client_failure(std::move(outcome).error());
    co_return response;
  }

  void give_back(Connection connection) noexcept {
    // Whoever takes it next looks whether it still is quiet.
    if (!closing_->is_set() && connection->complete()) {
      connection->rest();
      idle_.push_back({std::move(connection), net::coarse_now()});
    } else {
      --open_;
    }
    wake_one();
  }

  void close() noexcept {
    closing_->set();
    open_ -= idle_.size();
    idle_.clear();
  }

  /// Ends connections that nobody has used for long, until close().
  static Task<> sweep(std::shared_ptr<Home> self) {
    const auto step = std::clamp<std::chrono::milliseconds>(
        self->options_.timeouts.idle / 4, std::chrono::milliseconds(250), std::chrono::seconds(5));
    while (!self->closing_->is_set()) {
      auto pause = std::make_shared<net::Event>(self->dialer_.worker, step);
      self->pause_ = pause;
      co_await pause->wait();
      const std::int64_t oldest = net::coarse_now() - self->options_.timeouts.idle.count();
      self->open_ -= std::erase_if(self->idle_, [&](const Idle& each) {
        return each.since < oldest || !each.connection->reusable();
      });
    }
  }

  void hurry() noexcept {
    if (pause_) pause_->set();
  }

  std::size_t idle() const noexcept { return idle_.size(); }
  std::size_t open() const noexcept { return open_; }

 private:
  static Task<ClientResult<Lease>> take(std::shared_ptr<Home> self, Freshness freshness) {
    if (!self->waiting_.empty() || self->full()) {
      if (auto turn = co_await wait_turn(self); !turn) co_return client_failure(turn.error());
    }
    while (!self->idle_.empty()) {
      Connection connection = std::move(self->idle_.back().connection);
      self->idle_.pop_back();
      if (freshness == Freshness::any && connection->reusable()) {
        co_return Lease{.connection = std::move(connection), .reused = true};
      }
      --self->open_;
    }
    ++self->open_;
    auto fresh = co_await dial(self->dialer_, self->options_.origin, self->options_.tls,
                               self->options_.timeouts);
    if (fresh) co_return Lease{.connection = std::move(*fresh), .reused = false};
    --self->open_;
    self->wake_one();
    co_return client_failure(std::move(fresh).error());
  }

  /// What is free is promised to those who were woken.
  bool full() const noexcept { return open_ - idle_.size() + promised_ >= options_.connections; }

  static Task<ClientResult<>> wait_turn(std::shared_ptr<Home> self) {
    if (self->waiting_.size() < self->options_.waiting) {
      auto turn = std::make_shared<net::Event>(self->dialer_.worker, self->options_.wait);
      self->waiting_.push_back(turn);
      const bool came = co_await turn->wait();
      std::erase(self->waiting_, turn);
      if (came) {
        --self->promised_;
        co_return ClientResult<>{};
      }
    }
    co_return client_failure(Kind::busy, "all connections to the server are in use; try again",
                             "the connection pool is exhausted");
  }

  void wake_one() noexcept {
    if (waiting_.empty()) return;
    ++promised_;
    waiting_.front()->set();
    waiting_.pop_front();
  }

  Dialer dialer_;
  const ClientPoolOptions options_;
  std::shared_ptr<net::Event> closing_;
  std::shared_ptr<net::Event> pause_;
  std::vector<Idle> idle_;
  std::size_t open_ = 0;
  std::size_t promised_ = 0;
  std::deque<std::shared_ptr<net::Event>> waiting_;
};

ClientResponse::ClientResponse(std::shared_ptr<ClientConnection> connection,
                               std::weak_ptr<Home> home)
    : connection_(std::move(connection)), home_(std::move(home)) {}

ClientResponse& ClientResponse::operator=(ClientResponse&& other) noexcept {
  if (this != &other) {
    give_back();
    connection_ = std::move(other.connection_);
    home_ = std::move(other.home_);
  }
  return *this;
}

ClientResponse::~ClientResponse() {
  give_back();
}

void ClientResponse::give_back() noexcept {
  if (!connection_) return;
  if (const auto home = home_.lock()) home->give_back(std::move(connection_));
  connection_.reset();
}

Task<Result<std::size_t>> ClientResponse::read_some(std::span<char> into) {
  return connection_->body().read_some(into);
}

Task<Result<std::string>> ClientResponse::read_all(std::size_t limit) {
  return connection_->body().read_all(limit);
}

bool ClientResponse::finished() const noexcept {
  return connection_->body().finished();
}

ClientPool::ClientPool(Dialer dialer, ClientPoolOptions options) {
  net::Worker& worker = dialer.worker;
  auto home = std::make_shared<ClientResponse::Home>(std::move(dialer), std::move(options));
  home_ = home;
  boost::asio::co_spawn(worker.context(), ClientResponse::Home::sweep(std::move(home)),
                        boost::asio::detached);
}

ClientPool::~ClientPool() {
  if (const auto home = home_.lock()) {
    home->close();
    home->hurry();
  }
}

Task<ClientResult<ClientResponse>> ClientPool::send(const ClientRequest& request,
                                                    BodySource* body) {
  return ClientResponse::Home::send(home_.lock(), request, body);
}

std::size_t ClientPool::idle() const noexcept {
  const auto home = home_.lock();
  return home ? home->idle() : 0;
}

std::size_t ClientPool::open() const noexcept {
  const auto home = home_.lock();
  return home ? home->open() : 0;
}

}  // namespace moorgate::http
