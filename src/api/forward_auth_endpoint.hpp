#pragma once

#include <optional>
#include <string>

#include "api/gate.hpp"
#include "api/original_request.hpp"
#include "http/exchange.hpp"

namespace moorgate::api {

/// Beside nginx (auth_request) or Traefik (forwardAuth): answers whether the request that the proxy
/// has received may go on to the registry behind it. 200 with Remote-User and Remote-Groups, 401
/// with the challenge, 403, also to a head that cannot be read, and nothing else, because nginx
/// makes a 500 of everything else. A refusal stands in the body and, as nginx throws that away, in
/// X-Moorgate-Error as well.
///
/// What a proxy cannot filter is refused where it would show too much: _catalog for whoever may not
/// pull everything, and a mount from a repository that the caller may not pull from.
class ForwardAuthEndpoint final : public http::Handler {
 public:
  /// `gate` outlives this.
  ForwardAuthEndpoint(Gate& gate, AskedBy asked_by) : gate_(gate), asked_by_(asked_by) {}

  Task<> handle(http::Exchange& exchange) override;
  http::ErrorPage error_page(int status, std::string_view reason) const override;

 private:
  std::optional<Refusal> judge(const auth::Principal& principal, const Intent& intent) const;
  std::optional<Refusal> judge_what_goes_unfiltered(const auth::Principal& principal,
                                                    const Intent& intent) const;
  Task<> let_pass(http::Exchange& exchange, const auth::Principal& principal) const;
  Task<> refuse(http::Exchange& exchange, Refusal refusal) const;

  Gate& gate_;
  const AskedBy asked_by_;
};

}  // namespace moorgate::api
