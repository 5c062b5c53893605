#pragma once

#include <memory>
#include <vector>

#include "api/gateway_endpoint.hpp"
#include "app/app_config.hpp"
#include "app/shape.hpp"
#include "gateway/upload_ticket.hpp"
#include "net/blocking.hpp"
#include "upstream/upstream.hpp"

namespace moorgate::app {

/// In front: another registry stores the images.
class GatewayShape final : public Shape {
 public:
  /// The upstream need not be there yet: it is asked when somebody asks for it.
  static Result<std::unique_ptr<Shape>> open(const AppConfig& config);

  std::unique_ptr<api::Backend> make_backend(net::Worker& worker,
                                             const access::Authorizer& authorizer) override;
  /// Always well: without its upstream the gateway still signs in, denies, and says what is wrong.
  Task<Result<>> check() override;
  void look_after(net::Worker& worker) override;
  /// Reads the upstream's certificates and credentials again; connections under way keep theirs.
  void use(const AppConfig& config) override;
  std::string place() const override;
  void close() override;

 private:
  struct Endpoint {
    net::Worker& worker;
    api::GatewayEndpoint& backend;
  };

  GatewayShape(const AppConfig& config, std::shared_ptr<upstream::Origin> origin);
  std::shared_ptr<upstream::Upstream> connect(net::Worker& worker);
  gateway::LocationResolver resolver() const;
  /// In the metrics.
  void show_state();

  BehindConfig config_;
  std::string public_url_;
  /// Names are resolved by the system, which can take its time.
  net::Blocking names_;
  std::shared_ptr<upstream::Origin> origin_;
  const gateway::UploadTickets tickets_;
  std::vector<Endpoint> endpoints_;
  bool shown_up_ = false;
};

}  // namespace moorgate::app
