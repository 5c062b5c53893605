#pragma once

#include "access/permit.hpp"
#include "api/call.hpp"
#include "base/task.hpp"
#include "registry/registry.hpp"

namespace moorgate::api {

/// GET, HEAD and DELETE of /v2/<name>/blobs/<digest> (spec end-2 and end-10).
class BlobEndpoint {
 public:
  explicit BlobEndpoint(registry::Registry& registry) : registry_(registry) {}
  Task<> handle(const Call& call, const access::Permit& permit);

 private:
  Task<> head(const Call& call, const access::Permit& permit);
  Task<> get(const Call& call, const access::Permit& permit);
  Task<> remove(const Call& call, const access::Permit& permit);

  registry::Registry& registry_;
};

}  // namespace moorgate::api
