#include "app/gateway_shape.hpp"

#include <string>
#include <utility>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "crypto/random.hpp"
#include "upstream/upstream_health.hpp"

namespace moorgate::app {
namespace {

constexpr std::size_t kNameThreads = 2;
constexpr std::size_t kNameQueue = 64;
constexpr std::size_t kKeySize = 32;

Secret key_of(const BehindConfig& config) {
  if (!config.gateway.upload_key.empty()) return config.gateway.upload_key;
  return Secret(crypto::random_bytes(kKeySize));
}

metrics::Gauge& upstream_up() {
  static metrics::Gauge& gauge = metrics::gauge(
      "moorgate_upstream_up", "1 while the registry behind answers, 0 while it is given up");
  return gauge;
}

}  // namespace

Result<std::unique_ptr<Shape>> GatewayShape::open(const AppConfig& config) {
  auto origin = upstream::Origin::open(config.behind->upstream);
  if (!origin) return failure(std::move(origin).error());
  return std::unique_ptr<Shape>(new GatewayShape(config, std::move(*origin)));
}

GatewayShape::GatewayShape(const AppConfig& config, std::shared_ptr<upstream::Origin> origin)
    : config_(*config.behind),
      public_url_(config.public_url),
      names_("names", kNameThreads, kNameQueue),
      origin_(std::move(origin)),
      tickets_(key_of(config_).reveal()) {
  show_state();
}

std::shared_ptr<upstream::Upstream> GatewayShape::connect(net::Worker& worker) {
  return std::make_shared<upstream::Upstream>(worker, names_, origin_);
}

gateway::LocationResolver GatewayShape::resolver() const {
  std::vector<std::string> names{config_.upstream.url.authority()};
  names.insert(names.end(), config_.gateway.names.begin(), config_.gateway.names.end());
  // A registry that was told where clients reach it gives out our own address.
  if (const auto url = http::Url::parse(public_url_)) names.push_back(url->authority());
  return gateway::LocationResolver(std::move(names));
}

std::unique_ptr<api::Backend> GatewayShape::make_backend(net::Worker& worker,
                                                         const access::Authorizer& authorizer) {
  gateway::ReverseProxy proxy(connect(worker), resolver());
  auto backend = std::make_unique<api::GatewayEndpoint>(std::move(proxy), tickets_, authorizer);
  endpoints_.push_back({worker, *backend});
  return backend;
}

Task<Result<>> GatewayShape::check() {
  co_return Result<>{};
}

void GatewayShape::look_after(net::Worker& /*worker*/) {
  show_state();
}

void GatewayShape::show_state() {
  const bool up = !origin_->health().open();
  if (up != std::exchange(shown_up_, up)) upstream_up().add(up ? 1 : -1);
}

void GatewayShape::use(const AppConfig& config) {
  if (!config.behind) return;
  auto origin = upstream::Origin::open(config.behind->upstream);
  if (!origin) {
    log::error("the upstream's files cannot be used; those before stay in force",
               {{"error", origin.error().message}});
    return;
  }
  origin_ = std::move(*origin);
  config_ = *config.behind;
  public_url_ = config.public_url;
  for (const Endpoint& endpoint : endpoints_) {
    endpoint.worker.post([&endpoint, origin = origin_, resolver = resolver(), &names = names_] {
      endpoint.backend.proxy().use(
          std::make_shared<upstream::Upstream>(endpoint.worker, names, origin), resolver);
    });
  }
}

std::string GatewayShape::place() const {
  return config_.upstream.url.text();
}

void GatewayShape::close() {
  names_.finish();
}

}  // namespace moorgate::app
