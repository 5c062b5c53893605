#include "upstream/upstream_credentials.hpp"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/text.hpp"
#include "http/fetch.hpp"
#include "net/event.hpp"
#include "net/worker.hpp"
#include "upstream/challenge_parser.hpp"
#include "upstream/token.hpp"
#include "upstream/token_cache.hpp"

namespace moorgate::upstream {
namespace {

using http::client_failure;
using http::ClientFailure;
using http::ClientResult;
using Kind = ClientFailure::Kind;

constexpr std::size_t kAnswerLimit = 256 << 10;

/// How the upstream wants to be spoken to.
enum class Way : std::uint8_t { unknown, open, basic, bearer };

struct Plan {
  Way way = Way::unknown;
  TokenService service;
};

std::vector<Challenge> challenges_of(const std::vector<std::string_view>& values) {
  std::vector<Challenge> all;
  for (const std::string_view value : values) {
    // One that cannot be read is as good as none: others may stand beside it.
    if (auto parsed = parse_challenges(value)) {
      for (auto& challenge : *parsed) all.push_back(std::move(challenge));
    }
  }
  return all;
}

const Challenge* find(const std::vector<Challenge>& all, std::string_view scheme) {
  for (const auto& challenge : all) {
    if (challenge.scheme == scheme) return &challenge;
  }
  return nullptr;
}

ClientResult<Plan> plan_bearer(const Challenge& challenge, const Origin& origin) {
  Plan plan;
  plan.way = Way::bearer;
  const auto realm = http::Url::parse(challenge.find("realm").value_or(""));
  if (!realm) {
    return client_failure(Kind::credentials, "the registry behind names no usable token service",
                          realm.error().message);
  }
  plan.service.realm = *realm;
  plan.service.service = challenge.find("service").value_or("");
  const Trust trust = trust_in(*realm, origin.config());
  if (trust == Trust::full || (trust == Trust::anonymous && origin.basic().empty())) return plan;
  std::string_view reason =
      " is not the one that upstream.token_realm names; if it is right, change that";
  if (origin.config().token_realm.empty()) {
    reason = realm->encrypted()
                 ? " is not on the upstream's host, and over http:// anybody may have named it; if "
                   "it is right, set upstream.token_realm to it"
                 : " is neither https nor on the upstream's host; if it is right, set "
                   "upstream.token_realm to it";
  }
  return client_failure(Kind::credentials,
                        "the registry behind names a token service that gets no password",
                        "the token service " + realm->text() + std::string(reason));
}

ClientResult<Plan> plan_for(const std::vector<std::string_view>& values, const Origin& origin) {
  const auto all = challenges_of(values);
  if (const auto* bearer = find(all, "bearer")) return plan_bearer(*bearer, origin);
  if (find(all, "basic") == nullptr) {
    return client_failure(Kind::credentials,
                          "the registry behind asks for credentials in a way that is not known",
                          "its 401 holds neither a Basic nor a Bearer challenge");
  }
  if (origin.basic().empty()) {
    return client_failure(Kind::credentials, "the registry behind asks for a user and a password",
                          "set upstream.username and upstream.password");
  }
  if (!origin.config().token_realm.empty()) {
    return client_failure(Kind::credentials, "the registry behind asks for the password itself",
                          "upstream.token_realm says that only a token service gets it; remove "
                          "that if the registry has none");
  }
  Plan plan;
  plan.way = Way::basic;
  return plan;
}

/// Kind::credentials also where the token service is down: the upstream itself is not to blame.
std::unexpected<ClientFailure> no_token(std::string_view what, std::string detail) {
  return client_failure(Kind::credentials,
                        "the token service of the registry behind " + std::string(what),
                        std::move(detail));
}

ClientResult<Token> token_of(const http::Fetched& answer) {
  if (answer.status == 401 || answer.status == 403) {
    return no_token("refuses the credentials that are configured for it",
                    "it answered with status " + std::to_string(answer.status));
  }
  if (answer.status != 200) {
    return no_token("does not work", "it answered with status " + std::to_string(answer.status));
  }
  auto token = parse_token(answer.body);
  if (token) return std::move(*token);
  return no_token("answers with something else", std::move(token).error().message);
}

}  // namespace

struct UpstreamCredentials::State {
  State(http::Dialer dialer_, std::shared_ptr<Origin> origin_)
      : dialer(std::move(dialer_)), origin(std::move(origin_)) {}

  http::Fetch question() const {
    http::Fetch wanted;
    wanted.timeouts = origin->config().timeouts;
    wanted.body_limit = kAnswerLimit;
    wanted.headers = {{"User-Agent", "moorgate"}};
    return wanted;
  }

  static Task<ClientResult<Token>> fetch_token(std::shared_ptr<State> self, std::string scope) {
    if (!self) co_return client_failure(Kind::busy, "the registry behind is being let go");
    http::Fetch wanted = self->question();
    const TokenService service = self->plan.service;
    wanted.url = service.url(scope);
    wanted.tls = self->origin->token_tls();
    if (trust_in(service.realm, self->origin->config()) == Trust::full) {
      wanted.authorization = self->origin->basic();
    }
    auto answer = co_await http::fetch(self->dialer, std::move(wanted));
    auto token = answer ? token_of(*answer)
                        : no_token("does not answer", std::move(answer).error().error.detail);
    // Perhaps there is another one by now.
    if (!token) self->plan.way = Way::unknown;
    co_return token;
  }

  /// Asks /v2/; one question at a time.
  static Task<> ask(std::shared_ptr<State> self, std::shared_ptr<net::Event> asked) {
    http::Fetch wanted = self->question();
    wanted.url = self->origin->config().url;
    wanted.url.target = "/v2/";
    wanted.tls = self->origin->tls();
    auto answer = co_await http::fetch(self->dialer, std::move(wanted));
    if (!answer) {
      self->learnt = client_failure(std::move(answer).error());
    } else if (answer->status == 401) {
      self->adopt(plan_for(answer->find_all("www-authenticate"), *self->origin));
    } else {
      // An upstream in trouble tells nothing about what it wants; it is asked again next time.
      self->plan.way = answer->status < 500 ? Way::open : Way::unknown;
      self->learnt = {};
    }
    self->asking.reset();
    asked->set();
  }

  void adopt(ClientResult<Plan> fresh) {
    learnt = fresh ? ClientResult<>{} : client_failure(fresh.error());
    plan.way = fresh ? fresh->way : Way::unknown;
    if (plan.way != Way::bearer || fresh->service == plan.service) return;
    tokens->clear();
    plan.service = std::move(fresh->service);
  }

  static Task<ClientResult<>> learn(std::shared_ptr<State> self) {
    auto asked = self->asking.lock();
    if (!asked) {
      asked = std::make_shared<net::Event>(self->dialer.worker, net::Event::kForever);
      self->asking = asked;
      boost::asio::co_spawn(self->dialer.worker.context(), ask(self, asked), boost::asio::detached);
    }
    co_await asked->wait();
    co_return self->learnt;
  }

  static Task<ClientResult<Secret>> get(std::shared_ptr<State> self, std::string scope) {
    if (self->plan.way == Way::unknown) {
      if (auto learnt = co_await learn(self); !learnt) co_return client_failure(learnt.error());
    }
    if (self->plan.way == Way::basic) co_return self->origin->basic();
    if (self->plan.way != Way::bearer) co_return Secret();
    auto token = co_await self->tokens->get(std::move(scope));
    if (!token) co_return client_failure(std::move(token).error());
    std::string header = "Bearer ";
    header += token->reveal();
    co_return Secret(std::move(header));
  }

  const http::Dialer dialer;
  const std::shared_ptr<Origin> origin;
  Plan plan;
  /// What asking came to.
  ClientResult<> learnt;
  /// Alive while somebody asks, whose coroutine keeps it: what belongs to the loop must not outlive
  /// it.
  std::weak_ptr<net::Event> asking;
  std::optional<TokenCache> tokens;
};

UpstreamCredentials::UpstreamCredentials(http::Dialer dialer, std::shared_ptr<Origin> origin) {
  net::Worker& worker = dialer.worker;
  state_ = std::make_shared<State>(std::move(dialer), std::move(origin));
  state_->tokens.emplace(
      worker, [weak = std::weak_ptr(state_)](std::string scope) -> Task<ClientResult<Token>> {
        return State::fetch_token(weak.lock(), std::move(scope));
      });
}

UpstreamCredentials::~UpstreamCredentials() = default;

Task<ClientResult<Secret>> UpstreamCredentials::get(std::string scope) {
  return State::get(state_, std::move(scope));
}

bool UpstreamCredentials::refused(const http::ResponseHead& head, const std::string& scope) {
  std::vector<std::string_view> values;
  for (const auto& header : head.headers) {
    if (equals_ignoring_case(header.name, "WWW-Authenticate")) values.push_back(header.value);
  }
  const Way before = state_->plan.way;
  state_->tokens->drop(scope);
  state_->adopt(plan_for(values, *state_->origin));
  // The password was refused as it is; a token may just be too old.
  return state_->learnt.has_value() && !(before == Way::basic && state_->plan.way == Way::basic);
}

}  // namespace moorgate::upstream
