#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/task.hpp"
#include "gateway/header_rewrite.hpp"
#include "http/client_pool.hpp"
#include "http/exchange.hpp"
#include "upstream/upstream.hpp"

namespace moorgate::gateway {

/// Carries requests to the upstream and its answers back, both ways as fast as the slower side
/// takes them, with nothing kept but one buffer. One per worker. It knows no registry words: what
/// may be asked, and what an answer means, is the caller's business.
class ReverseProxy {
 public:
  ReverseProxy(std::shared_ptr<upstream::Upstream> upstream, LocationResolver resolver)
      : upstream_(std::move(upstream)), resolver_(std::move(resolver)) {}

  /// From the next request on; those under way keep what they began with.
  void use(std::shared_ptr<upstream::Upstream> upstream, LocationResolver resolver) {
    upstream_ = std::move(upstream);
    resolver_ = std::move(resolver);
  }

  /// Asks for `target` with the exchange's method, the headers that may cross, and its body, which
  /// the client is asked for only when the upstream wants it. Returns as soon as the answer's head
  /// is there, even while the client still sends. Redirects of a read within the upstream are
  /// followed, and only those: an answer that is a redirect points elsewhere (`is_redirect`). What
  /// the upstream cannot be taken at its word for is Kind::malformed. `scope` as for
  /// Upstream::send. `accept` (empty: none) stands in for a client that accepts anything.
  Task<http::ClientResult<http::ClientResponse>> forward(http::Exchange& exchange,
                                                         std::string target, std::string scope,
                                                         std::string_view accept);

  /// A GET of our own, with the same promises.
  Task<http::ClientResult<http::ClientResponse>> fetch(std::string target, std::string scope,
                                                       std::string accept);

  /// Sets the headers of the answer that are for the client.
  static void copy_headers(http::Exchange& exchange, const http::ResponseHead& head);

  /// Sends the started answer with the body of `answer`, by its length or in chunks. Where the
  /// upstream breaks off the client's connection is cut, and where the client does, the upstream's.
  /// An error means that nothing was sent yet.
  static Task<Result<>> relay_body(http::Exchange& exchange, http::ClientResponse& answer);

  const LocationResolver& resolver() const noexcept { return resolver_; }

 private:
  struct Outgoing;
  Task<http::ClientResult<http::ClientResponse>> send(Outgoing outgoing, std::string target,
                                                      std::string scope);

  std::shared_ptr<upstream::Upstream> upstream_;
  LocationResolver resolver_;
};

bool is_redirect(int status) noexcept;

}  // namespace moorgate::gateway
