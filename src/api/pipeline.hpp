#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/backend.hpp"
#include "api/gate.hpp"
#include "http/exchange.hpp"

namespace moorgate::api {

/// A request's journey behind the HTTP server: the gate, then what stands behind it; and the few
/// pages beside the registry's own paths. One per worker; nothing here is shared with another.
class Pipeline final : public http::Handler {
 public:
  /// A page beside the registry's own paths (health, metrics).
  struct Page {
    std::string path;
    bool sign_in_needed = true;
    std::shared_ptr<http::Handler> handler;
  };

  /// `gate` outlives this.
  Pipeline(Gate& gate, std::unique_ptr<Backend> backend, std::vector<Page> pages)
      : gate_(gate), backend_(std::move(backend)), pages_(std::move(pages)) {}

  Task<> handle(http::Exchange& exchange) override;
  http::ErrorPage error_page(int status, std::string_view reason) const override;

 private:
  Task<> handle_page(http::Exchange& exchange);
  Task<> handle_newcomer(http::Exchange& exchange);
  Task<> handle_registry(http::Exchange& exchange, std::shared_ptr<const auth::Principal> caller);

  Gate& gate_;
  const std::unique_ptr<Backend> backend_;
  const std::vector<Page> pages_;
};

}  // namespace moorgate::api
