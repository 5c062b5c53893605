#pragma once

#include "access/permit.hpp"
#include "api/call.hpp"
#include "base/task.hpp"

namespace moorgate::api {

/// Step 5 of a request: what stands behind the gate. Answers only what the Gate has admitted. One
/// per worker, chosen at start-up by shape.
class Backend {
 public:
  virtual ~Backend() = default;

  /// A request for something in a repository: blobs, manifests, uploads, tags, referrers and its
  /// extensions. `call` and `permit` stay valid until the task ends.
  virtual Task<> handle(const Call& call, const access::Permit& permit) = 0;

  /// A request that concerns no single repository: /v2/_catalog (only repositories that the caller
  /// may pull from are shown) or /v2/_oci/ext/discover.
  virtual Task<> handle(const Call& call) = 0;
};

}  // namespace moorgate::api
