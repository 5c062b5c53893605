#include "gateway/passed_headers.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "gateway/hop_headers.hpp"

namespace moorgate::gateway {
namespace {

constexpr std::array<std::string_view, 14> kForUpstream = {
    "Accept",         "Cache-Control", "Content-Range",     "Content-Type",        "Digest",
    "Content-Digest", "If-Match",      "If-Modified-Since", "If-None-Match",       "If-Range",
    "Pragma",         "Range",         "User-Agent",        "If-Unmodified-Since",
};
constexpr std::array<std::string_view, 23> kForClient = {
    "Accept-Ranges",
    "Age",
    "Allow",
    "Blob-Upload-UUID",
    "Cache-Control",
    "Content-Digest",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Range",
    "Content-Type",
    "Docker-Content-Digest",
    "Docker-Upload-UUID",
    "ETag",
    "Expires",
    "Last-Modified",
    "Range",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Repr-Digest",
    "Retry-After",
    "Vary",
    "Warning",
};
/// The distribution spec's own headers all begin so.
constexpr std::string_view kSpec = "OCI-";

template <std::size_t Count>
bool is_one_of(const std::array<std::string_view, Count>& names, std::string_view name) noexcept {
  return std::ranges::any_of(
      names, [name](std::string_view one) { return equals_ignoring_case(one, name); });
}

bool is_of_the_spec(std::string_view name) noexcept {
  return equals_ignoring_case(name.substr(0, kSpec.size()), kSpec);
}

}  // namespace

std::vector<http::Header> headers_for_upstream(const http::RequestHead& head) {
  const HopHeaders hop(head.headers);
  std::vector<http::Header> passed;
  for (const http::Header& header : head.headers) {
    const bool known = is_one_of(kForUpstream, header.name) || is_of_the_spec(header.name);
    if (known && !hop.contains(header.name) && !http::is_form(header)) passed.push_back(header);
  }
  return passed;
}

bool is_for_client(std::string_view name) noexcept {
  return is_one_of(kForClient, name) || is_of_the_spec(name);
}

}  // namespace moorgate::gateway
