#include "api/listing_endpoint.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "api/answer.hpp"
#include "api/error_body.hpp"
#include "base/text.hpp"
#include "oci/manifest.hpp"

namespace moorgate::api {
namespace {

/// The most one page holds; a larger `n` is answered with this many and a Link.
constexpr std::size_t kPageLimit = 10'000;

Result<meta::PageRequest> page_of(const Query& query) {
  meta::PageRequest page{.limit = kPageLimit};
  if (const auto n = query.find("n")) {
    const auto number = parse_decimal<std::uint64_t>(*n);
    if (!number) {
      return failure(Code::pagination_number_invalid,
                     "n must be a number of entries, not " + quoted(*n));
    }
    page.limit = static_cast<std::size_t>(std::min<std::uint64_t>(*number, kPageLimit));
  }
  if (const auto last = query.find("last")) page.after = *last;
  return page;
}

std::string render_names(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const std::string& name : names) {
    if (out.size() > 1) out += ',';
    out += json_string(name);
  }
  return out + "]";
}

void link_next(http::Exchange& exchange, std::string_view path, const meta::Page& page,
               const meta::PageRequest& request) {
  if (!page.more || page.names.empty()) return;
  exchange.header("Link", "<" + std::string(path) + "?last=" + percent_encode(page.names.back()) +
                              "&n=" + std::to_string(request.limit) + ">; rel=\"next\"");
}

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
  while (true) {
    auto page = co_await registry_.repositories({.limit = 1000, .after = after});
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
  start_answer(exchange, 200);
  link_next(exchange, "/v2/_catalog", *page, *request);
  co_await send_json(exchange, 200, R"({"repositories":)" + render_names(page->names) + "}\n");
}

Task<> ListingEndpoint::extensions(const Call& call) {
  start_answer(call.exchange, 200);
  co_await send_json(call.exchange, 200, "{\"extensions\":[]}\n");
}

}  // namespace moorgate::api
