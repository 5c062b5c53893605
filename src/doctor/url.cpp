#include "doctor/url.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace moorgate::doctor {
namespace {

constexpr std::size_t kMaxUrl = 8192;

std::uint16_t default_port(std::string_view scheme) {
  return scheme == "https" ? 443 : 80;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

/// Nothing that a terminal, a log or a header line would understand differently.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

std::unexpected<Error> refuse(std::string_view text, std::string_view why) {
  return failure(Code::bad_request, quoted(text) +
                                        " is no address of a registry: " + std::string(why) +
                                        "; write it as https://registry.example.com[:PORT]");
}

Result<Origin> parse_origin(std::string scheme, std::string_view authority, std::string_view text) {
  if (authority.contains('@')) {
    return failure(Code::bad_request,
                   "the address holds a user name; use --user and --password-stdin instead");
  }
  Origin origin{std::move(scheme), {}, 0};
  origin.port = default_port(origin.scheme);
  const auto bracket = authority.rfind(']');
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const auto port = parse_decimal<std::uint16_t>(authority.substr(colon + 1));
    if (!port || *port == 0) return refuse(text, "its port is no port");
    origin.port = *port;
    authority = authority.substr(0, colon);
  }
  if (authority.empty()) return refuse(text, "it names no host");
  origin.host = lower(authority);
  return origin;
}

}  // namespace

bool Origin::is_loopback() const noexcept {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

std::string Origin::text() const {
  std::string out = scheme + "://" + host;
  if (!has_default_port()) out += ":" + std::to_string(port);
  return out;
}

Result<Url> Url::parse(std::string_view text) {
  if (text.empty() || text.size() > kMaxUrl || !is_plain(text)) {
    return refuse(text, "it is empty, too long or holds a blank");
  }
  const auto separator = text.find("://");
  const std::string scheme =
      separator == std::string_view::npos ? "https" : lower(text.substr(0, separator));
  if (scheme != "http" && scheme != "https") return refuse(text, "its scheme is not https");
  std::string_view rest = separator == std::string_view::npos ? text : text.substr(separator + 3);
  rest = rest.substr(0, rest.find('#'));
  const auto end = std::min(rest.find_first_of("/?"), rest.size());
  auto origin = parse_origin(scheme, rest.substr(0, end), text);
  if (!origin) return failure(std::move(origin).error());
  Url url;
  url.origin_ = std::move(*origin);
  url.target_ = rest.substr(end);
  if (!url.target_.starts_with('/')) url.target_.insert(0, "/");
  return url;
}

Result<Url> Url::resolve(std::string_view reference) const {
  if (reference.contains("://")) return parse(reference);
  if (reference.starts_with("//")) return parse(origin_.scheme + ":" + std::string(reference));
  if (reference.empty() || reference.size() > kMaxUrl || !is_plain(reference)) {
    return refuse(reference, "it is empty, too long or holds a blank");
  }
  if (reference.starts_with('/')) return at(std::string(reference));
  const std::string path = target_.substr(0, target_.find('?'));
  if (reference.starts_with('?')) return at(path + std::string(reference));
  return at(path.substr(0, path.rfind('/') + 1) + std::string(reference));
}

Url Url::at(std::string target) const {
  Url url = *this;
  url.target_ = std::move(target);
  return url;
}

Url Url::at_port(std::string scheme, std::uint16_t port) const {
  Url url = *this;
  url.origin_.scheme = std::move(scheme);
  url.origin_.port = port;
  return url;
}

}  // namespace moorgate::doctor
