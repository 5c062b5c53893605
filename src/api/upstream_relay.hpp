#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/call.hpp"
#include "base/task.hpp"
#include "gateway/reverse_proxy.hpp"
#include "http/client_failure.hpp"
#include "http/client_pool.hpp"

/// How the upstream's answers become ours: the distribution spec's headers and errors around what
/// the reverse proxy carries.
namespace moorgate::api {

/// Sends the request on to `target`. Nothing after an answer was sent: a failure, or a redirect to
/// another host, which the client follows itself.
Task<std::optional<http::ClientResponse>> ask_upstream(gateway::ReverseProxy& proxy,
                                                       const Call& call, std::string target,
                                                       std::string scope);

/// Starts our answer with the upstream's status and the headers that are for the client; the caller
/// may add its own before finish_relay().
void start_relay(const Call& call, const http::ClientResponse& answer);

/// Sends the body. An error that the upstream did not write as a registry does gets a text of ours.
Task<> finish_relay(const Call& call, http::ClientResponse& answer);

/// 502, 503 or 504 with what may be told, and everything else for the log. A client that broke off
/// gets nothing: it is gone.
Task<> send_failure(http::Exchange& exchange, http::ClientFailure failed);

/// A failure because the upstream's answer makes no sense for a registry.
http::ClientFailure senseless(std::string message, std::string detail = {});

}  // namespace moorgate::api
