#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "http/request_head.hpp"

namespace moorgate::gateway {

/// The headers of one message that concern its connection only and end at every proxy
/// (RFC 9110 §7.6.1): the well-known ones, `Proxy-…`, and those that the message's own Connection
/// header names. Views the message's bytes.
class HopHeaders {
 public:
  explicit HopHeaders(std::span<const http::Header> headers);

  bool contains(std::string_view name) const noexcept;

 private:
  std::vector<std::string_view> named_;
};

}  // namespace moorgate::gateway
