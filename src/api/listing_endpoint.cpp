#include "api/listing_endpoint.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "api/answer.hpp"
#include "api/error_body.hpp"
#include "api/paging.hpp"
#include "oci/manifest.hpp"

namespace moorgate::api {
namespace {

/// Repositories read from the metadata in one go.
constexpr std::size_t kLookedAtOnce = 1000;

}  // namespace

Task<> ListingEndpoint::tags(const Call& call, const access::Permit& permit) {
  http::Exchange& exchange = call.exchange;
  auto request = page_of(call.query);
  if (!request) {
    co_await send_error(exchange, std::move(request).error());
    co_return;
  }
  auto page = co_await registry_.tags(permit, *request);
  if (!page) {
    co_await send_error(exchange, std::move(page).error());
    co_return;
  }
  const std::string& name = permit.repository().text();
  start_answer(exchange, 200);
  link_next(exchange, "/v2/" + name + "/tags/list", *page, *request);
  co_await send_json(
      exchange, 200,
      R"({"name":)" + json_string(name) + R"(,"tags":)" + render_names(page->names) + "}\n");
}

Task<> ListingEndpoint::referrers(const Call& call, const access::Permit& permit) {
  http::Exchange& exchange = call.exchange;
  const std::string artifact_type(call.query.find("artifactType").value_or(""));
  auto found = co_await registry_.referrers(permit, *call.route.reference->digest(), artifact_type);
  if (!found) {
    co_await send_error(exchange, std::move(found).error());
    co_return;
  }
  start_answer(exchange, 200);
  exchange.header("Content-Type", oci::media_type::kOciIndex);
  if (!artifact_type.empty()) exchange.header("OCI-Filters-Applied", "artifactType");
  co_await exchange.send(oci::render_index(*found));
}

Task<Result<meta::Page>> ListingEndpoint::visible_repositories(const auth::Principal& principal,
                                                               meta::PageRequest request) {
  meta::Page visible;
  std::string after = request.after;
  if (request.limit == 0) co_return visible;
  // Mostly everything is visible; whoever sees little has more looked at.
  std::size_t step = request.limit + 1;
  for (;; step *= 2) {
    step = std::min(step, kLookedAtOnce);
    auto page = co_await registry_.repositories({.limit = step, .after = after});
    if (!page) co_return failure(std::move(page).error());
    for (std::string& text : page->names) {
      after = text;
      const auto name = oci::RepositoryName::parse(text);
      if (!name || !authorizer_.may(principal, *name, access::Action::pull)) continue;
      if (visible.names.size() == request.limit) {
        visible.more = true;
        co_return visible;
      }
      visible.names.push_back(std::move(text));
    }
    if (!page->more) co_return visible;
  }
}

Task<> ListingEndpoint::catalog(const Call& call) {
  http::Exchange& exchange = call.exchange;
  auto request = page_of(call.query);
  if (!request) {
    co_await send_error(exchange, std::move(request).error());
    co_return;
  }
  auto page = co_await visible_repositories(call.principal, *request);
  if (!page) {
    co_await send_error(exchange, std::move(page).error());
    co_return;
  }
  co_await send_catalog(exchange, *page, *request);
}

Task<> ListingEndpoint::extensions(const Call& call) {
  return send_no_extensions(call.exchange);
}

}  // namespace moorgate::api
