#include "api/pipeline.hpp"

#include <utility>

#include "api/answer.hpp"
#include "api/error_body.hpp"

namespace moorgate::api {
namespace {

using http::Method;

std::string_view code_for_status(int status) noexcept {
  return status >= 500 ? "UNKNOWN" : "UNSUPPORTED";
}

}  // namespace

Pipeline::Pipeline(Parts parts)
    : parts_(std::move(parts)),
      blobs_(*parts_.registry),
      manifests_(*parts_.registry),
      listings_(*parts_.registry, *parts_.authorizer),
      uploads_(*parts_.registry, *parts_.authorizer) {}

http::ErrorPage Pipeline::error_page(int status, std::string_view reason) const {
  return {.content_type = kJson,
          .body = render_error(code_for_status(status), reason),
          .headers = "Docker-Distribution-Api-Version: registry/2.0\r\n"};
}

Task<> Pipeline::handle(http::Exchange& exchange) {
  if (!is_registry_path(exchange.head().path)) {
    co_await handle_page(exchange);
    co_return;
  }
  const auto principal = co_await authenticate(exchange);
  if (principal) co_await handle_registry(exchange, *principal);
}

Task<> Pipeline::handle_page(http::Exchange& exchange) {
  const std::string_view path = exchange.head().path;
  const bool reads =
      exchange.head().method == Method::get || exchange.head().method == Method::head;
  for (const Page& page : parts_.pages) {
    if (path != page.path || !reads) continue;
    if (page.sign_in_needed) {
      const auto principal = co_await authenticate(exchange);
      if (!principal) co_return;
      if (principal->anonymous()) {
        co_await challenge(exchange, "sign in to see this page");
        co_return;
      }
    }
    co_await page.handler->handle(exchange);
    co_return;
  }
  if (path == "/" && reads) {
    // Load balancers probe it.
    exchange.status(200);
    exchange.header("Content-Type", "text/plain; charset=utf-8");
    co_await exchange.send("Moorgate: a container registry. Its API is at /v2/.\n");
    co_return;
  }
  exchange.record.reason = "no such page";
  exchange.status(404);
  exchange.header("Content-Type", kJson);
  co_await exchange.send(
      render_error("UNSUPPORTED", "no such page; the registry's API is below /v2/"));
}

Task<std::shared_ptr<const auth::Principal>> Pipeline::authenticate(http::Exchange& exchange) {
  const http::RequestHead& head = exchange.head();
  const std::string_view authorization = head.find("Authorization").value_or("");
  if (head.count("Authorization") > 1) {
    co_await send_error(exchange, {Code::bad_request, "Authorization must stand there once"});
    co_return nullptr;
  }
  if (auto known = parts_.authenticator->cached(authorization, exchange.memo())) {
    exchange.record.principal = known->name();
    co_return known;
  }
  auto result = co_await parts_.authenticator->authenticate(authorization);
  if (result) {
    exchange.record.principal = (*result)->name();
    co_return std::move(*result);
  }
  Error error = std::move(result).error();
  if (error.code == Code::unauthorized) {
    co_await challenge(exchange, std::move(error).message);
  } else {
    co_await send_error(exchange, std::move(error));
  }
  co_return nullptr;
}

Task<> Pipeline::challenge(http::Exchange& exchange, std::string message) {
  exchange.record.reason = message;
  start_answer(exchange, 401);
  exchange.header("WWW-Authenticate", parts_.challenge);
  exchange.header("Content-Type", kJson);
  co_await exchange.send(render_error("UNAUTHORIZED", message));
}

Task<> Pipeline::deny(http::Exchange& exchange, access::Denial denial) {
  if (denial.anonymous) {
    co_await challenge(exchange, std::move(denial).message);
    co_return;
  }
  exchange.record.reason = denial.message;
  start_answer(exchange, 403);
  exchange.header("Content-Type", kJson);
  co_await exchange.send(render_error("DENIED", denial.message));
}

Task<> Pipeline::handle_registry(http::Exchange& exchange, const auth::Principal& principal) {
  const Route route = match_route(exchange.head().path);
  if (route.repository) exchange.record.repository = route.repository->text();
  const auto query = Query::parse(exchange.head().query);
  if (route.error || !query || route.endpoint == Endpoint::unknown) {
    if (principal.anonymous()) {
      co_await challenge(exchange, "sign in to use this registry");
    } else if (route.error) {
      co_await send_error(exchange, *route.error);
    } else if (!query) {
      co_await send_error(exchange,
                          {Code::bad_request, "the query holds a broken percent-encoding"});
    } else {
      start_answer(exchange, 404);
      co_await send_json(exchange, 404, render_error("UNSUPPORTED", "no such endpoint below /v2/"));
    }
    co_return;
  }
  co_await dispatch({exchange, principal, route, *query});
}

Task<> Pipeline::dispatch(const Call& call) {
  http::Exchange& exchange = call.exchange;
  const Endpoint endpoint = call.route.endpoint;
  const auto action = action_of(endpoint, exchange.head().method);
  if (action) exchange.record.action = access::to_string(*action);

  if (!call.route.repository) {
    // A client that may look at something without signing in still has to learn from /v2/ how to
    // sign in, so only lists are open to it.
    const bool open =
        endpoint == Endpoint::catalog && parts_.authorizer->may_see_anything(call.principal);
    if (call.principal.anonymous() && !open) {
      co_await challenge(exchange, "sign in to use this registry");
      co_return;
    }
  } else if (action) {
    const bool asks_first = exchange.head().method == Method::head &&
                            (endpoint == Endpoint::blob || endpoint == Endpoint::manifest);
    auto permit =
        asks_first ? parts_.authorizer->authorize_head(call.principal, *call.route.repository)
                   : parts_.authorizer->authorize(call.principal, *call.route.repository, *action);
    if (!permit) {
      co_await deny(exchange, std::move(permit).error());
      co_return;
    }
    co_await dispatch_permitted(call, *permit);
    co_return;
  }
  if (!action) {
    if (call.principal.anonymous()) {
      co_await challenge(exchange, "sign in to use this registry");
      co_return;
    }
    exchange.record.reason = "method not offered here";
    start_answer(exchange, 405);
    exchange.header("Allow", allowed_methods(endpoint));
    co_await send_json(exchange, 405,
                       render_error("UNSUPPORTED", "this endpoint does not offer the method"));
    co_return;
  }
  if (endpoint == Endpoint::catalog) {
    co_await listings_.catalog(call);
  } else if (endpoint == Endpoint::extensions) {
    co_await listings_.extensions(call);
  } else {
    start_answer(exchange, 200);
    co_await send_json(exchange, 200, "{}");
  }
}

Task<> Pipeline::dispatch_permitted(const Call& call, const access::Permit& permit) {
  switch (call.route.endpoint) {
    case Endpoint::manifest:
      return manifests_.handle(call, permit);
    case Endpoint::blob:
      return blobs_.handle(call, permit);
    case Endpoint::start_upload:
      return uploads_.start(call, permit);
    case Endpoint::upload:
      return uploads_.continue_session(call, permit);
    case Endpoint::tags:
      return listings_.tags(call, permit);
    case Endpoint::referrers:
      return listings_.referrers(call, permit);
    default:
      return listings_.extensions(call);
  }
}

}  // namespace moorgate::api
