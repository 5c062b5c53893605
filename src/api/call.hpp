#pragma once

#include "access/authorizer.hpp"
#include "access/permit.hpp"
#include "api/query.hpp"
#include "api/route.hpp"
#include "auth/principal.hpp"
#include "http/exchange.hpp"

namespace moorgate::api {

/// A request on its way into an endpoint: who, where, with which query. Lives in the pipeline's
/// frame until the answer is sent.
struct Call {
  http::Exchange& exchange;
  const auth::Principal& principal;
  const Route& route;
  const Query& query;
};

}  // namespace moorgate::api
