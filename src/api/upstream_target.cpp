#include "api/upstream_target.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/text.hpp"

namespace moorgate::api {
namespace {

using http::Method;

void keep(std::string& target, const Query& query, std::initializer_list<std::string_view> names) {
  for (const auto& [name, value] : query.parameters()) {
    if (std::ranges::find(names, name) != names.end()) {
      target = with_parameter(std::move(target), name, value);
    }
  }
}

void keep_all_but_namespace(std::string& target, const Query& query) {
  for (const auto& [name, value] : query.parameters()) {
    if (name != "ns") target = with_parameter(std::move(target), name, value);
  }
}

}  // namespace

std::string with_parameter(std::string target, std::string_view name, std::string_view value) {
  target += target.find('?') == std::string::npos ? '?' : '&';
  return std::move(target) + percent_encode(name) + '=' + percent_encode(value);
}

std::string upstream_target(const Route& route, Method method, const Query& query) {
  std::string target = "/v2/" + route.repository->text();
  switch (route.endpoint) {
    case Endpoint::manifest:
      target += "/manifests/" + route.reference->text();
      if (method == Method::put) keep(target, query, {"tag"});
      break;
    case Endpoint::blob:
      target += "/blobs/" + route.reference->text();
      break;
    case Endpoint::start_upload:
      target += "/blobs/uploads/";
      keep(target, query, {"digest", "digest-algorithm"});
      break;
    case Endpoint::tags:
      target += "/tags/list";
      keep_all_but_namespace(target, query);
      break;
    case Endpoint::referrers:
      target += "/referrers/" + route.reference->text();
      keep_all_but_namespace(target, query);
      break;
    default:
      break;
  }
  return target;
}

std::string mount_target(const oci::RepositoryName& repository, const oci::Digest& digest,
                         const oci::RepositoryName& source) {
  return with_parameter(
      with_parameter("/v2/" + repository.text() + "/blobs/uploads/", "mount", digest.text()),
      "from", source.text());
}

std::string token_scope(const oci::RepositoryName& repository, access::Action action) {
  // Whoever pushes looks first, and token services grant pushes together with pulls only.
  const std::string_view actions =
      action == access::Action::push ? "pull,push" : access::to_string(action);
  return "repository:" + repository.text() + ":" + std::string(actions);
}

}  // namespace moorgate::api
