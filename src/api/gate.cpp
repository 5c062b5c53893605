#include "api/gate.hpp"

#include <utility>

#include "api/answer.hpp"
#include "api/error_body.hpp"
#include "auth/proxied_user.hpp"
#include "base/log.hpp"

namespace moorgate::api {
namespace {

using http::Method;

constexpr std::string_view kSignIn = "sign in to use this registry";
constexpr std::string_view kNobodySignsIn =
    "nobody can sign in here, and no rule lets anyone do this";

Refusal method_not_offered(Endpoint endpoint) {
  return {.status = 405,
          .code = "UNSUPPORTED",
          .message = "this endpoint does not offer the method",
          .allow = allowed_methods(endpoint)};
}

std::shared_ptr<const auth::Principal> recorded(http::Exchange& exchange,
                                                std::shared_ptr<const auth::Principal> who) {
  exchange.record.principal = who->name();
  exchange.record.source = who->source();
  return who;
}

/// What is wrong with the request itself; nullopt if nothing is.
std::optional<Refusal> flaw_of(const Intent& intent) {
  if (intent.route.error) return Refusal::of(*intent.route.error);
  if (!intent.query) {
    return Refusal::of({Code::bad_request, "the query holds a broken percent-encoding"});
  }
  if (intent.route.endpoint == Endpoint::unknown) {
    return Refusal{.status = 404, .code = "UNSUPPORTED", .message = "no such endpoint below /v2/"};
  }
  return std::nullopt;
}

/// A client that is about to push looks first, and gives up on a 403.
bool looks_before_push(const Intent& intent) noexcept {
  return intent.method == Method::head &&
         (intent.route.endpoint == Endpoint::blob || intent.route.endpoint == Endpoint::manifest);
}

}  // namespace

Intent Intent::of(http::Method method, std::string_view path, std::string_view query) {
  return {.method = method, .route = match_route(path), .query = Query::parse(query)};
}

Refusal Refusal::of(Error error) {
  const WireError wire = wire_error(error.code);
  return {.status = wire.status,
          .code = wire.code,
          .message = std::move(error.message),
          .detail = std::move(error.detail)};
}

std::string_view Gate::credentials_of(const http::RequestHead& head) const {
  // A password for the registry that was here before is nobody's business where none is asked for.
  return parts_.sign_in ? head.find("Authorization").value_or("") : std::string_view();
}

std::shared_ptr<const auth::Principal> Gate::identify_at_once(http::Exchange& exchange) {
  // Whom a proxy has signed in is not who the Authorization header names.
  if (exchange.client().user) return nullptr;
  const http::RequestHead& head = exchange.head();
  if (head.count("Authorization") > 1) return nullptr;
  auto known = parts_.authenticator->cached(credentials_of(head), exchange.memo());
  return known ? recorded(exchange, std::move(known)) : nullptr;
}

Task<Gate::Identity> Gate::identify(http::Exchange& exchange) {
  if (const auto& user = exchange.client().user) {
    // Whoever signs users in at the front door means it for everything behind; the Authorization
    // header was for that door.
    auto principal = auth::principal_of(*user);
    if (!principal) co_return std::unexpected(Refusal::of(std::move(principal).error()));
    co_return recorded(exchange, std::move(*principal));
  }
  const http::RequestHead& head = exchange.head();
  if (head.count("Authorization") > 1) {
    co_return std::unexpected(
        Refusal::of({Code::bad_request, "Authorization must stand there once"}));
  }
  if (auto known = identify_at_once(exchange)) co_return known;
  const std::string_view authorization = credentials_of(head);
  auto result = co_await parts_.authenticator->authenticate(authorization);
  if (!result) co_return std::unexpected(Refusal::of(std::move(result).error()));
  co_return recorded(exchange, std::move(*result));
}

std::expected<std::optional<access::Permit>, Refusal> Gate::admit(const auth::Principal& principal,
                                                                  const Intent& intent) const {
  if (auto flaw = flaw_of(intent)) {
    if (must_sign_in(principal)) flaw = Refusal::challenge(std::string(kSignIn));
    return std::unexpected(std::move(*flaw));
  }
  const auto action = intent.action();
  if (!intent.route.repository) return admit_without_repository(principal, intent);
  if (!action) {
    return std::unexpected(must_sign_in(principal) ? Refusal::challenge(std::string(kSignIn))
                                                   : method_not_offered(intent.route.endpoint));
  }
  const oci::RepositoryName& repository = *intent.route.repository;
  auto permit = looks_before_push(intent)
                    ? parts_.authorizer->authorize_head(principal, repository)
                    : parts_.authorizer->authorize(principal, repository, *action);
  if (permit) return std::optional(std::move(*permit));
  access::Denial denial = std::move(permit).error();
  if (must_sign_in(principal)) {
    return std::unexpected(Refusal::challenge(std::move(denial.message)));
  }
  if (denial.anonymous) denial.message = kNobodySignsIn;
  return std::unexpected(
      Refusal{.status = 403, .code = "DENIED", .message = std::move(denial.message)});
}

std::expected<std::optional<access::Permit>, Refusal> Gate::admit_without_repository(
    const auth::Principal& principal, const Intent& intent) const {
  // A client that may look at something without signing in still has to learn from /v2/ how to
  // sign in, so only lists are open to it.
  const bool open = intent.route.endpoint == Endpoint::catalog && intent.action() &&
                    parts_.authorizer->may_see_anything(principal);
  if (must_sign_in(principal) && !open) {
    return std::unexpected(Refusal::challenge(std::string(kSignIn)));
  }
  if (!intent.action()) return std::unexpected(method_not_offered(intent.route.endpoint));
  return std::nullopt;
}

Refusal Gate::settled(Refusal refusal) const {
  if (refusal.status != 401 || parts_.sign_in) return refusal;
  return {.status = 403, .code = "DENIED", .message = std::string(kNobodySignsIn)};
}

Task<> Gate::refuse(http::Exchange& exchange, Refusal refusal) const {
  if (refusal.status >= 500) {
    log::error("a request failed", {{"target", exchange.head().target},
                                    {"code", refusal.code},
                                    {"error", refusal.message},
                                    {"detail", refusal.detail}});
  }
  refusal = settled(std::move(refusal));
  exchange.record.reason = refusal.message;
  start_answer(exchange, refusal.status);
  if (may_come_again(refusal.status)) exchange.header("Retry-After", "1");
  if (refusal.status == 401) exchange.header("WWW-Authenticate", parts_.challenge);
  if (!refusal.allow.empty()) exchange.header("Allow", refusal.allow);
  exchange.header("Content-Type", kJson);
  co_await exchange.send(render_error(refusal.code, refusal.message));
}

void Gate::replace(std::shared_ptr<auth::Authenticator> users,
                   std::shared_ptr<const access::Policy> policy) {
  parts_.authenticator->replace(std::move(users));
  parts_.authorizer->replace(std::move(policy));
}

}  // namespace moorgate::api
