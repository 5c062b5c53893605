#pragma once

#include <cstdint>
#include <optional>

#include "access/authorizer.hpp"
#include "access/permit.hpp"
#include "api/call.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "registry/registry.hpp"

namespace moorgate::api {

/// Uploads and mounts: POST /v2/<name>/blobs/uploads/ and GET, PATCH, PUT, DELETE of the session
/// it answers with (spec end-4 to end-6, end-11, end-13, end-14).
class UploadEndpoint {
 public:
  UploadEndpoint(registry::Registry& registry, const access::Authorizer& authorizer)
      : registry_(registry), authorizer_(authorizer) {}

  Task<> start(const Call& call, const access::Permit& permit);
  Task<> continue_session(const Call& call, const access::Permit& permit);

 private:
  Task<bool> mount(const Call& call, const access::Permit& permit, const oci::Digest& digest);
  Task<> push_whole(const Call& call, const access::Permit& permit, const oci::Digest& digest);
  Task<> open_session(const Call& call, const access::Permit& permit,
                      std::optional<oci::Algorithm> algorithm);
  Task<> patch(const Call& call, const access::Permit& permit);
  Task<> put(const Call& call, const access::Permit& permit);
  Task<> status(const Call& call, const access::Permit& permit);
  Task<> cancel(const Call& call, const access::Permit& permit);

  registry::Registry& registry_;
  const access::Authorizer& authorizer_;
};

}  // namespace moorgate::api
