#pragma once

#include "access/permit.hpp"
#include "api/call.hpp"
#include "base/task.hpp"
#include "registry/registry.hpp"

namespace moorgate::api {

/// GET, HEAD, PUT and DELETE of /v2/<name>/manifests/<reference> (spec end-3, end-7, end-9).
class ManifestEndpoint {
 public:
  explicit ManifestEndpoint(registry::Registry& registry) : registry_(registry) {}
  Task<> handle(const Call& call, const access::Permit& permit);

 private:
  Task<> get(const Call& call, const access::Permit& permit);
  Task<> put(const Call& call, const access::Permit& permit);
  Task<> remove(const Call& call, const access::Permit& permit);

  registry::Registry& registry_;
};

}  // namespace moorgate::api
