#include "net/resolver.hpp"

#include <netdb.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/text.hpp"
#include "net/blocking.hpp"
#include "net/deadline.hpp"
#include "net/event.hpp"
#include "net/worker.hpp"

namespace moorgate::net {
namespace {

std::vector<Address> with_port(std::vector<Address> addresses, std::uint16_t port) {
  for (auto& address : addresses) address.set_port(port);
  return addresses;
}

}  // namespace

struct Resolver::State {
  struct Host {
    std::vector<Address> addresses;
    std::int64_t fresh_until = 0;
    std::int64_t last_used = 0;
    /// Why the last look-up failed.
    std::optional<Error> error;
    /// Alive while a look-up is under way, whose coroutine keeps it: what belongs to the loop must
    /// not outlive it.
    std::weak_ptr<Event> flight;
  };

  State(Worker& worker_, Blocking& pool_, Lookup lookup_, std::chrono::milliseconds fresh_)
      : worker(worker_), pool(pool_), lookup(std::move(lookup_)), fresh(fresh_) {}

  /// Node-stable, so a reference survives an await as long as the entry is not the oldest.
  Host& host(const std::string& name) {
    if (!hosts.contains(name) && hosts.size() >= kMaxHosts) {
      const auto idle = [](const auto& entry) { return entry.second.flight.expired(); };
      auto oldest = hosts.end();
      for (auto it = hosts.begin(); it != hosts.end(); ++it) {
        if (!idle(*it)) continue;
        if (oldest == hosts.end() || it->second.last_used < oldest->second.last_used) oldest = it;
      }
      if (oldest != hosts.end()) hosts.erase(oldest);
    }
    Host& found = hosts[name];
    found.last_used = coarse_now();
    return found;
  }

  static Task<> look_up(std::shared_ptr<State> self, std::string name,
                        std::shared_ptr<Event> flight) {
    const auto job = [lookup = self->lookup, name] { return lookup(name); };
    auto found = co_await self->pool.run(job);
    Host& entry = self->host(name);
    if (found && !found->empty()) {
      found->resize(std::min(found->size(), kMaxAddresses));
      entry.addresses = std::move(*found);
      entry.error.reset();
      entry.fresh_until = coarse_now() + self->fresh.count();
    } else {
      entry.error =
          found ? Error{Code::unavailable, "a host name has no address"} : std::move(found).error();
    }
    entry.flight.reset();
    flight->set();
  }

  Worker& worker;
  Blocking& pool;
  const Lookup lookup;
  const std::chrono::milliseconds fresh;
  std::map<std::string, Host> hosts;
};

Resolver::Resolver(Worker& worker, Blocking& pool, Lookup lookup, std::chrono::milliseconds fresh)
    : state_(std::make_shared<State>(worker, pool, std::move(lookup), fresh)) {}
Resolver::~Resolver() = default;

Task<Result<std::vector<Address>>> Resolver::resolve(std::string host, std::uint16_t port) {
  if (auto numeric = Address::from_ip(host, port)) co_return std::vector{*numeric};
  const auto state = state_;
  std::shared_ptr<Event> flight;
  {
    State::Host& entry = state->host(host);
    if (coarse_now() < entry.fresh_until) co_return with_port(entry.addresses, port);
    flight = entry.flight.lock();
    if (!flight) {
      // May be over before co_spawn returns.
      flight = std::make_shared<Event>(state->worker, kPatience);
      entry.flight = flight;
      boost::asio::co_spawn(state->worker.context(), State::look_up(state, host, flight),
                            boost::asio::detached);
    }
  }
  const bool answered = co_await flight->wait();
  const State::Host& entry = state->host(host);
  if (!entry.addresses.empty()) co_return with_port(entry.addresses, port);
  if (answered && entry.error) co_return failure(*entry.error);
  co_return failure(Code::unavailable, "a host name could not be looked up in time",
                    "looking up " + quoted(host) + " takes too long");
}

void Resolver::forget(const std::string& host) {
  const auto found = state_->hosts.find(host);
  if (found != state_->hosts.end()) found->second.fresh_until = 0;
}

Result<std::vector<Address>> Resolver::system_lookup(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &first);
  if (error != 0) {
    return failure(Code::unavailable, "a host name could not be looked up",
                   "looking up " + quoted(host) + ": " + ::gai_strerror(error));
  }
  std::vector<Address> found;
  for (const addrinfo* each = first; each != nullptr; each = each->ai_next) {
    found.emplace_back(each->ai_addr, each->ai_addrlen);
  }
  ::freeaddrinfo(first);
  return found;
}

}  // namespace moorgate::net
