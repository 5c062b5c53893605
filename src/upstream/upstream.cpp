#include "upstream/upstream.hpp"

#include <chrono>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/metrics.hpp"
#include "http/fetch.hpp"
#include "net/deadline.hpp"
#include "net/event.hpp"
#include "net/resolver.hpp"
#include "net/worker.hpp"
#include "upstream/upstream_credentials.hpp"

namespace moorgate::upstream {
namespace {

using http::client_failure;
using http::ClientFailure;
using http::ClientResponse;
using http::ClientResult;

constexpr std::chrono::milliseconds kProbePatience{10'000};
constexpr std::chrono::milliseconds kProbePause{250};
/// A refusal's body this short is read to its end so that the connection can go on.
constexpr std::size_t kWorthReading = 64 << 10;

void count(const ClientFailure& failed) {
  metrics::counter("moorgate_upstream_failures_total",
                   "Requests to the registry behind that came to nothing",
                   {{"kind", std::string(failed.kind_text())}})
      .add();
}

http::ClientPoolOptions pool_options(const Origin& origin) {
  http::ClientPoolOptions options;
  options.origin = origin.config().url;
  options.tls = origin.tls();
  options.timeouts = origin.config().timeouts;
  options.connections = origin.config().connections;
  return options;
}

std::unexpected<ClientFailure> suspended(std::chrono::milliseconds wait) {
  ClientFailure failed;
  failed.kind = ClientFailure::Kind::suspended;
  failed.error = {Code::unavailable, "the registry behind is down; try again in a moment",
                  "held back until it is back"};
  failed.retry_after =
      std::max(std::chrono::seconds(1), std::chrono::ceil<std::chrono::seconds>(wait));
  return client_failure(std::move(failed));
}

}  // namespace

struct Upstream::State {
  State(http::Dialer dialer_, std::shared_ptr<Origin> origin_)
      : dialer(std::move(dialer_)),
        origin(std::move(origin_)),
        pool(dialer, pool_options(*origin)),
        credentials(dialer, origin) {}

  static Task<ClientResult<ClientResponse>> send(std::shared_ptr<State> self,
                                                 http::ClientRequest request, std::string scope,
                                                 http::BodySource* body) {
    UpstreamHealth& health = self->origin->health();
    if (health.open()) {
      auto held_back = suspended(health.wait(net::coarse_now()));
      count(held_back.error());
      co_return held_back;
    }
    auto answer = co_await send_twice(self, request, std::move(scope), body);
    if (answer) {
      health.succeeded();
    } else {
      report(self, answer.error());
    }
    co_return answer;
  }

  static Task<ClientResult<ClientResponse>> send_twice(std::shared_ptr<State> self,
                                                       http::ClientRequest& request,
                                                       std::string scope, http::BodySource* body) {
    bool last = false;
    while (true) {
      auto authorization = co_await self->credentials.get(scope);
      if (!authorization) co_return client_failure(std::move(authorization).error());
      request.authorize(std::move(*authorization));
      auto answer = co_await self->pool.send(request, body);
      if (!answer || answer->head().status != 401) co_return answer;
      const bool may_help = self->credentials.refused(answer->head(), scope);
      if (last || !may_help || (body != nullptr && !body->rewind())) {
        co_return client_failure(
            ClientFailure::Kind::credentials,
            "the registry behind refuses the credentials that are configured for it",
            "it answered with status 401");
      }
      std::ignore = co_await answer->read_all(kWorthReading);
      last = true;
    }
  }

  static void report(const std::shared_ptr<State>& self, const ClientFailure& failed) {
    count(failed);
    if (failed.blames_server() &&
        self->origin->health().failed(net::coarse_now(), failed.error.detail)) {
      net::Worker& worker = self->dialer.worker;
      boost::asio::co_spawn(worker.context(), probe(self, worker), boost::asio::detached);
    }
  }

  /// Looks after an upstream that is down, so that its recovery needs no client.
  static Task<> probe(std::weak_ptr<State> weak, net::Worker& worker) {
    while (true) {
      std::chrono::milliseconds pause{0};
      {
        const auto self = weak.lock();
        if (!self || !self->origin->health().open()) co_return;
        pause = std::max(kProbePause, self->origin->health().wait(net::coarse_now()));
      }
      const auto slept = std::make_shared<net::Event>(worker, pause);
      co_await slept->wait();
      if (const auto self = weak.lock()) co_await probe_once(self);
    }
  }

  static Task<> probe_once(std::shared_ptr<State> self) {
    UpstreamHealth& health = self->origin->health();
    http::Fetch wanted;
    wanted.url = self->origin->config().url;
    wanted.url.target = "/v2/";
    wanted.tls = self->origin->tls();
    wanted.timeouts = self->origin->config().timeouts;
    wanted.total = kProbePatience;
    auto answer = co_await http::fetch(self->dialer, std::move(wanted));
    if (answer) {
      health.succeeded();
    } else {
      health.probe_failed(net::coarse_now());
    }
  }

  const http::Dialer dialer;
  const std::shared_ptr<Origin> origin;
  http::ClientPool pool;
  UpstreamCredentials credentials;
};

Upstream::Upstream(net::Worker& worker, net::Blocking& names, std::shared_ptr<Origin> origin) {
  http::Dialer dialer{worker, names, std::make_shared<net::Resolver>(worker, names)};
  state_ = std::make_shared<State>(std::move(dialer), std::move(origin));
}

Upstream::~Upstream() = default;

Task<ClientResult<ClientResponse>> Upstream::send(http::ClientRequest request, std::string scope,
                                                  http::BodySource* body) {
  return State::send(state_, std::move(request), std::move(scope), body);
}

}  // namespace moorgate::upstream
