#include "api/forward_auth_endpoint.hpp"

#include <algorithm>
#include <utility>

#include "api/answer.hpp"
#include "api/error_body.hpp"

namespace moorgate::api {
namespace {

Refusal forbidden(std::string message) {
  return {.status = 403, .code = "DENIED", .message = std::move(message)};
}

/// A stranger is asked to sign in; somebody known is told why not.
Refusal denied(const auth::Principal& principal, std::string message) {
  return principal.anonymous() ? Refusal::challenge(std::move(message))
                               : forbidden(std::move(message));
}

Intent intent_of(const OriginalRequest& asked) {
  if (is_registry_path(asked.path)) return Intent::of(asked.method, asked.path, asked.query);
  return {.method = asked.method, .route = {}, .query = Query::parse(asked.query)};
}

/// Go before 1.17 ends a parameter at a semicolon, too.
bool is_ambiguous(const Query& query) {
  return std::ranges::any_of(query.parameters(), [](const auto& parameter) {
    return parameter.first.contains(';') || parameter.second.contains(';');
  });
}

/// The proxy keeps the body to itself, and a registry may find in it from where to mount.
bool may_hide_mount(const http::RequestHead& head, const Intent& intent) {
  return intent.route.endpoint == Endpoint::start_upload &&
         std::ranges::any_of(head.headers, http::is_form);
}

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) {
    if (!out.empty()) out += ',';
    out += name;
  }
  return out;
}

}  // namespace

http::ErrorPage ForwardAuthEndpoint::error_page(int /*status*/, std::string_view reason) const {
  http::ErrorPage page{.content_type = kJson, .body = render_error("UNSUPPORTED", reason)};
  page.headers = "X-Moorgate-Error: " + std::string(first_line(page.body)) + "\r\n";
  page.status = 403;
  return page;
}

Task<> ForwardAuthEndpoint::handle(http::Exchange& exchange) {
  const auto asked = original_request(exchange.head(), asked_by_);
  if (!asked) {
    co_await refuse(exchange, forbidden(asked.error().message));
    co_return;
  }
  const Intent intent = intent_of(*asked);
  exchange.record.original.append(asked->method_text).append(1, ' ').append(asked->path);
  if (intent.route.repository) exchange.record.repository = intent.route.repository->text();
  if (const auto action = intent.action()) exchange.record.action = access::to_string(*action);

  auto caller = co_await gate_.identify(exchange);
  if (!caller) {
    co_await refuse(exchange, std::move(caller).error());
    co_return;
  }
  auto refusal = judge(**caller, intent);
  if (!refusal && may_hide_mount(exchange.head(), intent)) {
    refusal = forbidden("an upload is not begun with a form; leave out the Content-Type");
  }
  if (refusal) {
    co_await refuse(exchange, std::move(*refusal));
  } else {
    co_await let_pass(exchange, **caller);
  }
}

std::optional<Refusal> ForwardAuthEndpoint::judge(const auth::Principal& principal,
                                                  const Intent& intent) const {
  auto admitted = gate_.admit(principal, intent);
  if (!admitted) return std::move(admitted).error();
  return judge_what_goes_unfiltered(principal, intent);
}

std::optional<Refusal> ForwardAuthEndpoint::judge_what_goes_unfiltered(
    const auth::Principal& principal, const Intent& intent) const {
  if (intent.route.endpoint == Endpoint::catalog &&
      !gate_.authorizer().may_see_everything(principal)) {
    const std::string who = principal.anonymous() ? "who has not signed in" : principal.name();
    return denied(principal, "the catalog shows every repository, and " + who +
                                 " may not pull from all of them");
  }
  if (intent.route.endpoint != Endpoint::start_upload) return std::nullopt;
  if (is_ambiguous(*intent.query)) {
    return forbidden("the query holds a semicolon, which some registries take for an ampersand");
  }
  // Which of several the registry takes is its own affair.
  for (const std::string_view from : intent.query->all("from")) {
    auto source = oci::RepositoryName::parse(from);
    if (!source) return forbidden(std::move(source).error().message);
    auto pull = gate_.authorizer().authorize(principal, *source, access::Action::pull);
    if (!pull) return denied(principal, std::move(pull).error().message);
  }
  return std::nullopt;
}

Task<> ForwardAuthEndpoint::let_pass(http::Exchange& exchange,
                                     const auth::Principal& principal) const {
  exchange.status(200);
  if (!principal.anonymous()) {
    exchange.header("Remote-User", principal.name());
    exchange.header("Remote-Groups", joined(gate_.authorizer().groups_of(principal)));
  }
  co_await exchange.send_empty();
}

Task<> ForwardAuthEndpoint::refuse(http::Exchange& exchange, Refusal refusal) const {
  refusal = gate_.settled(std::move(refusal));
  if (refusal.status != 401) refusal.status = 403;
  std::string body = render_error(refusal.code, refusal.message);
  exchange.record.reason = std::move(refusal.message);
  start_answer(exchange, refusal.status);
  if (refusal.status == 401) exchange.header("WWW-Authenticate", gate_.challenge());
  exchange.header("Content-Type", kJson);
  exchange.header("X-Moorgate-Error", first_line(body));
  co_await exchange.send(body);
}

}  // namespace moorgate::api
