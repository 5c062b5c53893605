#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/task.hpp"
#include "http/exchange.hpp"

/// The answers that every endpoint gives in the same way.
namespace moorgate::api {

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kVersionHeader = "Docker-Distribution-Api-Version";
inline constexpr std::string_view kVersionValue = "registry/2.0";

/// Starts the response anew with the header that stands on every answer below /v2/.
void start_answer(http::Exchange& exchange, int status);

/// Whether an answer of this status tells the client when to come again (Retry-After).
constexpr bool may_come_again(int status) noexcept {
  return status == 429 || status == 503;
}

/// The error as the spec's JSON. What the client did not cause is logged with its detail.
Task<> send_error(http::Exchange& exchange, Error error);

/// The same for an answer that was started already, because the error has headers of its own.
Task<> finish_error(http::Exchange& exchange, Error error);

Task<> send_json(http::Exchange& exchange, int status, std::string body);

/// A status without a body and the headers set by the caller after start_answer().
Task<> send_done(http::Exchange& exchange);

/// What _oci/ext/discover finds.
Task<> send_no_extensions(http::Exchange& exchange);

/// RFC 9110 §13.1.2: whether If-None-Match names `etag` (quoted) or is `*`.
bool etag_matches(std::string_view if_none_match, std::string_view etag) noexcept;

}  // namespace moorgate::api
