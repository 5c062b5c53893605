#include "http/url.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "http/head_syntax.hpp"
#include "net/address.hpp"

namespace moorgate::http {
namespace {

constexpr std::size_t kMaxUrl = 4096;

std::unexpected<Error> bad_url(std::string_view text, std::string_view why) {
  return failure(Code::bad_request, quoted(text) + " is not a usable URL: " + std::string(why));
}

std::uint16_t default_port(Url::Scheme scheme) noexcept {
  return scheme == Url::Scheme::https ? 443 : 80;
}

bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

/// "" or ":8080" after the host; false if it is neither.
bool parse_port(std::string_view text, Url& url) {
  url.port = default_port(url.scheme);
  if (text.empty()) return true;
  const auto port =
      text.front() == ':' ? parse_decimal<std::uint16_t>(text.substr(1)) : std::nullopt;
  url.port = port.value_or(0);
  return url.port != 0;
}

/// Why it is none, or empty.
std::string_view parse_authority(std::string_view text, Url& url) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return "the ] after the IPv6 address is missing";
    url.host = text.substr(1, end - 1);
    if (!url.host.contains(':') || !net::Address::from_ip(url.host, 0)) {
      return "there is no IPv6 address in the brackets";
    }
    return parse_port(text.substr(end + 1), url) ? "" : "the port is not a number from 1 to 65535";
  }
  const std::size_t colon = std::min(text.find(':'), text.size());
  url.host = lower_case(text.substr(0, colon));
  if (url.host.empty() || url.host.size() > 253 ||
      !std::ranges::all_of(url.host, is_name_character)) {
    return "the host is neither a name nor an address";
  }
  return parse_port(text.substr(colon), url) ? "" : "the port is not a number from 1 to 65535";
}

Result<Url> parse_socket(std::string_view text) {
  Url url;
  url.scheme = Url::Scheme::unix;
  url.socket_path = text.substr(5);
  if (auto address = net::Address::parse(text); !address || !url.socket_path.starts_with('/')) {
    return bad_url(text,
                   "unix: is followed by the absolute path of a socket, 107 characters at most");
  }
  return url;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kMaxUrl) return bad_url(text, "it is too long");
  if (text.starts_with("unix:")) return parse_socket(text);
  Url url;
  const std::size_t colon = text.find("://");
  const std::string_view scheme = text.substr(0, colon);
  if (colon != std::string_view::npos && equals_ignoring_case(scheme, "https")) {
    url.scheme = Scheme::https;
  } else if (colon == std::string_view::npos || !equals_ignoring_case(scheme, "http")) {
    return bad_url(text, "it begins with none of http://, https:// and unix:/");
  }
  const std::string_view rest = text.substr(colon + 3);
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  if (authority.contains('@')) {
    return failure(
        Code::bad_request,
        "a URL with a user or password in it is not accepted: write them as keys of their "
        "own");
  }
  if (const auto why = parse_authority(authority, url); !why.empty()) return bad_url(text, why);
  url.target = rest.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (!is_origin_form(url.target)) {
    return bad_url(text, "its path holds a character that must be percent-encoded, or a fragment");
  }
  return url;
}

std::string Url::authority() const {
  if (scheme == Scheme::unix) return "localhost";
  std::string out = host.contains(':') ? "[" + host + "]" : host;
  if (port != default_port(scheme)) out += ":" + std::to_string(port);
  return out;
}

std::string Url::text() const {
  if (scheme == Scheme::unix) return "unix:" + socket_path;
  return (encrypted() ? "https://" : "http://") + authority() + target;
}

bool Url::same_origin(const Url& other) const noexcept {
  return scheme == other.scheme && host == other.host && port == other.port &&
         socket_path == other.socket_path;
}

}  // namespace moorgate::http
