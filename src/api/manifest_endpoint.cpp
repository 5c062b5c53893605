#include "api/manifest_endpoint.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/answer.hpp"
#include "base/text.hpp"

namespace moorgate::api {
namespace {

using http::Method;

/// The spec asks servers to cope with ten; what the URL can hold is bounded anyway.
constexpr std::size_t kTagLimit = 100;

/// If-Match and If-None-Match of a write (RFC 9110 §13.1).
Result<meta::Precondition> precondition_of(const http::RequestHead& head) {
  meta::Precondition precondition;
  if (const auto absent = head.find("If-None-Match")) {
    if (*absent != "*") {
      return failure(Code::bad_request, "If-None-Match on a write must be *");
    }
    precondition.absent = true;
  }
  const auto match = head.find("If-Match");
  if (!match) return precondition;
  for (std::string_view rest = *match; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    std::string_view etag = trim(rest.substr(0, comma));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    if (etag == "*") {
      precondition.any_existing = true;
      continue;
    }
    if (etag.size() < 2 || etag.front() != '"' || etag.back() != '"') {
      return failure(Code::bad_request, "If-Match must hold quoted digests or *");
    }
    auto digest = oci::Digest::parse(etag.substr(1, etag.size() - 2));
    // An ETag that no manifest can have never matches; that is no error of the request.
    if (digest) precondition.match.push_back(std::move(*digest));
  }
  if (!precondition.any_existing && precondition.match.empty()) {
    return failure(Code::precondition_failed, "no manifest has the ETag that If-Match names");
  }
  return precondition;
}

Result<std::vector<oci::Tag>> tags_of(const Call& call) {
  std::vector<oci::Tag> tags;
  for (const std::string_view text : call.query.all("tag")) {
    auto tag = oci::Tag::parse(text);
    if (!tag) return failure(std::move(tag).error());
    tags.push_back(std::move(*tag));
  }
  if (!tags.empty() && call.route.reference->digest() == nullptr) {
    return failure(Code::tag_invalid, "?tag= goes with a push by digest, not with a push by tag");
  }
  return tags;
}

std::string content_type_of(const http::RequestHead& head) {
  const std::string_view value = head.find("Content-Type").value_or("");
  return std::string(trim(value.substr(0, value.find(';'))));
}

}  // namespace

Task<> ManifestEndpoint::handle(const Call& call, const access::Permit& permit) {
  switch (call.exchange.head().method) {
    case Method::put:
      return put(call, permit);
    case Method::remove:
      return remove(call, permit);
    default:
      return get(call, permit);
  }
}

Task<> ManifestEndpoint::get(const Call& call, const access::Permit& permit) {
  http::Exchange& exchange = call.exchange;
  std::optional<registry::StoredManifest> cold;
  const registry::StoredManifest* manifest =
      registry_.cached_manifest(permit, *call.route.reference);
  if (manifest == nullptr) {
    auto found = co_await registry_.find_manifest(permit, *call.route.reference);
    if (!found) {
      co_await send_error(exchange, std::move(found).error());
      co_return;
    }
    cold = std::move(*found);
    manifest = &*cold;
  }
  std::string etag;
  etag.reserve(manifest->digest.text().size() + 2);
  etag.append(1, '"').append(manifest->digest.text()).append(1, '"');
  const auto known = exchange.head().find("If-None-Match");
  start_answer(exchange, known && etag_matches(*known, etag) ? 304 : 200);
  exchange.header("Docker-Content-Digest", manifest->digest.text());
  exchange.header("ETag", etag);
  if (exchange.status() == 304) {
    co_await exchange.send_empty();
    co_return;
  }
  exchange.header("Content-Type", manifest->media_type);
  // The cache may drop its copy while this one is on its way.
  const std::shared_ptr<const std::string> bytes = manifest->bytes;
  co_await exchange.send(*bytes);
}

Task<> ManifestEndpoint::put(const Call& call, const access::Permit& permit) {
  http::Exchange& exchange = call.exchange;
  auto precondition = precondition_of(exchange.head());
  if (!precondition) {
    co_await send_error(exchange, std::move(precondition).error());
    co_return;
  }
  auto tags = tags_of(call);
  if (!tags) {
    co_await send_error(exchange, std::move(tags).error());
    co_return;
  }
  if (tags->size() > kTagLimit) {
    Error error{Code::tag_invalid, "one push may set 100 tags at most"};
    start_answer(exchange, 414);
    co_await finish_error(exchange, std::move(error));
    co_return;
  }
  auto bytes = co_await exchange.body().read_all(oci::kManifestLimit);
  if (!bytes) {
    Error error = std::move(bytes).error();
    if (error.code == Code::size_invalid) {
      error = {Code::manifest_too_large,
               "the manifest is larger than 4 MiB, the most this registry takes"};
    }
    co_await send_error(exchange, std::move(error));
    co_return;
  }
  registry::ManifestPush push{.bytes = std::move(*bytes),
                              .content_type = content_type_of(exchange.head()),
                              .reference = *call.route.reference,
                              .tags = *tags,
                              .precondition = std::move(*precondition)};
  auto pushed = co_await registry_.push_manifest(permit, std::move(push));
  if (!pushed) {
    co_await send_error(exchange, std::move(pushed).error());
    co_return;
  }
  start_answer(exchange, 201);
  exchange.header("Location",
                  "/v2/" + permit.repository().text() + "/manifests/" + pushed->digest.text());
  exchange.header("Docker-Content-Digest", pushed->digest.text());
  if (pushed->subject) exchange.header("OCI-Subject", pushed->subject->text());
  for (const oci::Tag& tag : *tags) exchange.header("OCI-Tag", tag.text());
  co_await send_done(exchange);
}

Task<> ManifestEndpoint::remove(const Call& call, const access::Permit& permit) {
  auto precondition = precondition_of(call.exchange.head());
  if (!precondition) {
    co_await send_error(call.exchange, std::move(precondition).error());
    co_return;
  }
  const oci::Reference& reference = *call.route.reference;
  auto removed =
      reference.tag() != nullptr
          ? co_await registry_.delete_tag(permit, *reference.tag(), std::move(*precondition))
          : co_await registry_.delete_manifest(permit, *reference.digest(),
                                               std::move(*precondition));
  if (!removed) {
    co_await send_error(call.exchange, std::move(removed).error());
    co_return;
  }
  start_answer(call.exchange, 202);
  co_await send_done(call.exchange);
}

}  // namespace moorgate::api
