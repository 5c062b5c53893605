#include "app/beside_shape.hpp"

namespace moorgate::app {

std::unique_ptr<api::Backend> BesideShape::make_backend(net::Worker& /*worker*/,
                                                        const access::Authorizer& /*authorizer*/) {
  return nullptr;
}

Task<Result<>> BesideShape::check() {
  co_return Result<>();
}

void BesideShape::look_after(net::Worker& /*worker*/) {}

void BesideShape::use(const AppConfig& /*config*/) {}

std::string BesideShape::place() const {
  return "none: a proxy asks, and serves the images itself";
}

void BesideShape::close() {}

}  // namespace moorgate::app
