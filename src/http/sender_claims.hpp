#pragma once

#include <string_view>

#include "http/request_head.hpp"

/// Headers in which proxies speak about the sender of a request. Internal to http.
namespace moorgate::http {

/// Whether both are one header to programs that make "_" of "-", as CGI does.
bool is_same_field(std::string_view a, std::string_view b) noexcept;

/// A name under which some proxy or other forwards the client's address, scheme, host or user, or
/// replaces the path, in any spelling that is_same_field() holds to be equal.
bool is_sender_claim(std::string_view name) noexcept;

}  // namespace moorgate::http
