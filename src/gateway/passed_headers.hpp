#pragma once

#include <string_view>
#include <vector>

#include "http/request_head.hpp"

/// Which headers cross the gateway. Both ways by list: what is not known to be harmless and of use
/// ends here, above all the client's own credentials, what it says about its identity or its way
/// (Forwarded, X-Forwarded-*, X-Remote-User, …), and the upstream's cookies and challenges.
namespace moorgate::gateway {

/// The client's headers that the upstream sees, without those of its connection. What delimits the
/// body, Host, Authorization and Accept-Encoding are the gateway's own business. Views `head`.
/// A form is not called one any more: parameters of a request's body are none that the gate judged.
std::vector<http::Header> headers_for_upstream(const http::RequestHead& head);

/// Of the upstream's answer: whether the client sees the header as it is. Location, Link and what
/// delimits the body are not among them.
bool is_for_client(std::string_view name) noexcept;

}  // namespace moorgate::gateway
