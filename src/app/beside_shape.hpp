#pragma once

#include "app/shape.hpp"

namespace moorgate::app {

/// Beside a proxy that asks before it hands a request to a registry of its own: nothing stands
/// behind our gate.
class BesideShape final : public Shape {
 public:
  /// Null: no client's request comes this far.
  std::unique_ptr<api::Backend> make_backend(net::Worker& worker,
                                             const access::Authorizer& authorizer) override;
  Task<Result<>> check() override;
  void look_after(net::Worker& worker) override;
  void use(const AppConfig& config) override;
  std::string place() const override;
  void close() override;
};

}  // namespace moorgate::app
