#include "gateway/hop_headers.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace moorgate::gateway {
namespace {

constexpr std::array<std::string_view, 7> kAlways = {
    "Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings"};
constexpr std::string_view kProxy = "Proxy-";

}  // namespace

HopHeaders::HopHeaders(std::span<const http::Header> headers) {
  for (const http::Header& header : headers) {
    if (!equals_ignoring_case(header.name, "Connection")) continue;
    for (std::string_view rest = header.value; !rest.empty();) {
      const std::size_t comma = rest.find(',');
      const std::string_view option = trim(rest.substr(0, comma));
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
      if (!option.empty()) named_.push_back(option);
    }
  }
}

bool HopHeaders::contains(std::string_view name) const noexcept {
  const auto same = [name](std::string_view other) { return equals_ignoring_case(name, other); };
  return std::ranges::any_of(kAlways, same) ||
         equals_ignoring_case(name.substr(0, kProxy.size()), kProxy) ||
         std::ranges::any_of(named_, same);
}

}  // namespace moorgate::gateway
