#pragma once

#include <memory>
#include <string>

#include "access/authorizer.hpp"
#include "api/backend.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "net/worker.hpp"

namespace moorgate::app {

struct AppConfig;

/// What stands behind the gate, as the whole process holds it: opened before anything is served,
/// shared by the workers' backends, closed after their loops have stopped. Owned by the main
/// thread.
class Shape {
 public:
  virtual ~Shape() = default;

  /// What `worker` answers admitted requests with; `authorizer` is the worker's own.
  virtual std::unique_ptr<api::Backend> make_backend(net::Worker& worker,
                                                     const access::Authorizer& authorizer) = 0;

  /// Whether what it needs answers too: for /readyz. On a worker's loop.
  virtual Task<Result<>> check() = 0;

  /// Called about once a second while serving; what takes time runs on `worker`'s loop.
  virtual void look_after(net::Worker& worker) = 0;

  /// After a reload: takes over what can change without a restart.
  virtual void use(const AppConfig& config) = 0;

  /// Where the images are, for the log: a folder or a URL.
  virtual std::string place() const = 0;

  /// Called when the loops have stopped but still exist: pools hand over what they finish.
  virtual void close() = 0;
};

}  // namespace moorgate::app
