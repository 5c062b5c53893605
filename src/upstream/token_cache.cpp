#include "upstream/token_cache.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "net/deadline.hpp"
#include "net/event.hpp"
#include "net/worker.hpp"

namespace moorgate::upstream {
namespace {

/// Less than this is not worth starting a request with.
constexpr std::int64_t kLeast = 1'000;

/// One request to the token service; whoever waits keeps it alive.
struct Flight {
  explicit Flight(net::Worker& worker) : landed(worker, net::Event::kForever) {}
  net::Event landed;
  std::optional<http::ClientResult<Secret>> outcome;
};

struct Entry {
  Secret token;
  std::int64_t refresh_at = 0;
  std::int64_t expires_at = 0;
  std::optional<http::ClientFailure> refusal;
  /// The flight's coroutine keeps it: what belongs to the loop must not outlive it.
  std::weak_ptr<Flight> flight;
};

}  // namespace

struct TokenCache::State {
  State(net::Worker& worker_, Fetch fetch_) : worker(worker_), fetch(std::move(fetch_)) {}

  /// What is over or, without any, what is over first.
  void make_room() {
    const std::int64_t now = net::coarse_now();
    std::erase_if(entries, [&](const auto& entry) {
      return entry.second.flight.expired() && entry.second.expires_at <= now;
    });
    if (entries.size() < kMaxScopes) return;
    entries.erase(std::ranges::min_element(entries, {}, [](const auto& entry) {
      return entry.second.flight.expired() ? entry.second.expires_at : INT64_MAX;
    }));
  }

  std::shared_ptr<Flight> take_off(std::shared_ptr<State> self, const std::string& scope,
                                   Entry& entry) {
    auto flight = entry.flight.lock();
    if (flight) return flight;
    // May land before co_spawn returns.
    flight = std::make_shared<Flight>(worker);
    entry.flight = flight;
    boost::asio::co_spawn(worker.context(), fly(std::move(self), scope, flight),
                          boost::asio::detached);
    return flight;
  }

  static Task<> fly(std::shared_ptr<State> self, std::string scope,
                    std::shared_ptr<Flight> flight) {
    auto token = co_await self->fetch(scope);
    const auto found = self->entries.find(scope);
    // Dropped meanwhile: those who wait get it, nobody else.
    if (found != self->entries.end() && found->second.flight.lock() == flight) {
      self->settle(found->second, token);
    }
    if (token) {
      flight->outcome = std::move(token->value);
    } else {
      flight->outcome = http::client_failure(std::move(token).error());
    }
    flight->landed.set();
  }

  void settle(Entry& entry, const http::ClientResult<Token>& token) const {
    const std::int64_t now = net::coarse_now();
    entry.flight.reset();
    entry.refusal.reset();
    if (token) {
      entry.token = token->value;
      entry.refresh_at = now + token->lifetime.count() * 3 / 4;
      entry.expires_at = now + token->lifetime.count();
    } else if (entry.expires_at <= now) {
      if (token.error().kind == http::ClientFailure::Kind::credentials) {
        entry.refusal = token.error();
      }
      entry.expires_at = entry.refusal ? now + kRefusalRemembered.count() : 0;
    }
  }

  net::Worker& worker;
  const Fetch fetch;
  std::map<std::string, Entry> entries;
};

TokenCache::TokenCache(net::Worker& worker, Fetch fetch)
    : state_(std::make_shared<State>(worker, std::move(fetch))) {}
TokenCache::~TokenCache() = default;

Task<http::ClientResult<Secret>> TokenCache::get(std::string scope) {
  const auto state = state_;
  std::shared_ptr<Flight> flight;
  {
    if (!state->entries.contains(scope) && state->entries.size() >= kMaxScopes) state->make_room();
    Entry& entry = state->entries[scope];
    const std::int64_t now = net::coarse_now();
    if (entry.refusal && now < entry.expires_at) co_return http::client_failure(*entry.refusal);
    if (!entry.refusal && now + kLeast < entry.expires_at) {
      Secret token = entry.token;
      if (now >= entry.refresh_at) std::ignore = state->take_off(state, scope, entry);
      co_return token;
    }
    flight = state->take_off(state, scope, entry);
  }
  co_await flight->landed.wait();
  co_return *flight->outcome;
}

void TokenCache::drop(const std::string& scope) {
  state_->entries.erase(scope);
}

void TokenCache::clear() {
  state_->entries.clear();
}

std::size_t TokenCache::size() const noexcept {
  return state_->entries.size();
}

}  // namespace moorgate::upstream
