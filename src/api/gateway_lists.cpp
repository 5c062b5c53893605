#include <string>
#include <utility>
#include <vector>

#include "api/answer.hpp"
#include "api/gateway_endpoint.hpp"
#include "api/paging.hpp"
#include "api/upstream_catalog.hpp"
#include "api/upstream_relay.hpp"
#include "api/upstream_target.hpp"
#include "oci/manifest.hpp"

namespace moorgate::api {
namespace {

constexpr std::size_t kScrap = 64 << 10;

/// The upstream's next page is our own list's, whatever host it takes itself for.
void relay_link(const Call& call, const http::ResponseHead& head) {
  const auto query = gateway::next_page_query(head.find("Link").value_or(""));
  if (!query) return;
  call.exchange.header(
      "Link", "<" + std::string(call.exchange.head().path) + "?" + *query + ">; rel=\"next\"");
}

/// What an index of the fallback tag scheme lists of that artifact type. What stands under the tag
/// but is no index lists nothing.
std::vector<oci::Descriptor> referrers_in(std::string_view index, std::string_view artifact_type) {
  std::vector<oci::Descriptor> referrers;
  auto manifest = oci::Manifest::parse(index, oci::media_type::kOciIndex);
  if (!manifest) return referrers;
  for (oci::ManifestLink& link : manifest->links) {
    const bool wanted = artifact_type.empty() || link.descriptor.artifact_type == artifact_type;
    if (link.role != oci::Role::subject && wanted) {
      referrers.push_back(std::move(link.descriptor));
    }
  }
  return referrers;
}

}  // namespace

Task<> GatewayEndpoint::tags(const Call& call, const access::Permit& permit) {
  auto answer = co_await ask(call, permit);
  if (!answer) co_return;
  start_relay(call, *answer);
  relay_link(call, answer->head());
  co_await finish_relay(call, *answer);
}

Task<> GatewayEndpoint::referrers(const Call& call, const access::Permit& permit) {
  auto answer = co_await ask(call, permit);
  if (!answer) co_return;
  if (answer->head().status == 404) {
    std::ignore = co_await answer->read_all(kScrap);
    answer.reset();
    co_await referrers_by_tag(call, permit);
    co_return;
  }
  start_relay(call, *answer);
  relay_link(call, answer->head());
  co_await finish_relay(call, *answer);
}

/// For a registry that has no referrers API: clients keep the list for it under a tag
/// (distribution spec, "Referrers Tag Schema"). No such tag means that nothing refers to it.
Task<> GatewayEndpoint::referrers_by_tag(const Call& call, const access::Permit& permit) {
  const oci::Tag tag = oci::fallback_tag(*call.route.reference->digest());
  auto answer = co_await proxy_.fetch(
      "/v2/" + permit.repository().text() + "/manifests/" + tag.text(),
      token_scope(permit.repository(), permit.action()), std::string(oci::media_type::kOciIndex));
  if (!answer) {
    co_await send_failure(call.exchange, std::move(answer).error());
    co_return;
  }
  const int status = answer->head().status;
  if (status != 200 && status != 404) {
    co_await send_failure(call.exchange, senseless("the registry behind does not tell what refers "
                                                   "to this",
                                                   "it answered " + std::to_string(status)));
    co_return;
  }
  auto body = co_await answer->read_all(oci::kManifestLimit);
  if (!body) {
    co_await send_failure(
        call.exchange, senseless("the registry behind broke off its answer", body.error().detail));
    co_return;
  }
  const std::string artifact_type(call.query.find("artifactType").value_or(""));
  const std::string index =
      oci::render_index(referrers_in(status == 200 ? *body : "", artifact_type));
  start_answer(call.exchange, 200);
  call.exchange.header("Content-Type", oci::media_type::kOciIndex);
  if (!artifact_type.empty()) call.exchange.header("OCI-Filters-Applied", "artifactType");
  co_await call.exchange.send(index);
}

Task<> GatewayEndpoint::catalog(const Call& call) {
  auto request = page_of(call.query);
  if (!request) {
    co_await send_error(call.exchange, std::move(request).error());
    co_return;
  }
  auto page = co_await upstream_catalog(proxy_, authorizer_, call.principal, *request);
  if (!page) {
    co_await send_failure(call.exchange, std::move(page).error());
    co_return;
  }
  co_await send_catalog(call.exchange, *page, *request);
}

}  // namespace moorgate::api
