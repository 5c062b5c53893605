#include "gateway/header_rewrite.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace moorgate::gateway {
namespace {

bool belongs_into_url(char c) noexcept {
  return c > 0x20 && c < 0x7f && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
}

bool begins_ignoring_case(std::string_view text, std::string_view prefix) noexcept {
  return equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

/// RFC 3986 §5.2.4, for a path that begins with a slash.
std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    if (segment == "/.." || segment == "/.") {
      if (segment == "/..") out.resize(out.empty() ? 0 : out.rfind('/'));
      if (path.empty()) out += '/';
    } else {
      out += segment;
    }
  }
  return out.empty() ? "/" : out;
}

std::string clean_target(std::string_view path, std::string_view query) {
  return without_dot_segments(path).append(query);
}

/// What stands before the '?' and from it on.
std::pair<std::string_view, std::string_view> split_query(std::string_view target) noexcept {
  const std::size_t at = std::min(target.find('?'), target.size());
  return {target.substr(0, at), target.substr(at)};
}

/// A reference without scheme and authority against the target it was found at.
std::string relative_target(std::string_view reference, std::string_view base) {
  const auto [path, query] = split_query(reference);
  const std::string_view base_path = split_query(base).first;
  if (path.empty()) return clean_target(base_path, query);
  if (path.front() == '/') return clean_target(path, query);
  std::string merged(base_path.substr(0, base_path.rfind('/') + 1));
  merged += path;
  return clean_target(merged, query);
}

/// Without the port if it is the scheme's own.
std::string_view short_authority(std::string_view authority) noexcept {
  for (const std::string_view port : {":80", ":443"}) {
    if (authority.ends_with(port)) authority.remove_suffix(port.size());
  }
  return authority;
}

bool has_scheme(std::string_view reference) noexcept {
  const std::size_t colon = reference.find(':');
  return colon != std::string_view::npos && colon < reference.find_first_of("/?");
}

bool says_next(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    const std::size_t semicolon = parameters.find(';');
    const std::string_view one = trim(parameters.substr(0, semicolon));
    if (equals_ignoring_case(one, "rel=next") || equals_ignoring_case(one, "rel=\"next\"")) {
      return true;
    }
    parameters.remove_prefix(semicolon == std::string_view::npos ? parameters.size()
                                                                 : semicolon + 1);
  }
  return false;
}

}  // namespace

bool LocationResolver::is_own(std::string_view authority) const noexcept {
  const std::string_view wanted = short_authority(authority);
  return std::ranges::any_of(names_, [wanted](const std::string& name) {
    return equals_ignoring_case(short_authority(name), wanted);
  });
}

std::optional<Place> LocationResolver::resolve(std::string_view location,
                                               std::string_view base) const {
  if (location.empty() || location.size() > kLengthLimit ||
      !std::ranges::all_of(location, belongs_into_url)) {
    return std::nullopt;
  }
  location = location.substr(0, location.find('#'));
  std::string_view rest = location;
  if (begins_ignoring_case(rest, "http://")) {
    rest.remove_prefix(5);
  } else if (begins_ignoring_case(rest, "https://")) {
    rest.remove_prefix(6);
  } else if (has_scheme(rest)) {
    return std::nullopt;
  }
  if (!rest.starts_with("//")) {
    return Place{.own = true, .target = relative_target(rest, base), .url = {}};
  }
  rest.remove_prefix(2);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  if (authority.empty() || authority.find('@') != std::string_view::npos) return std::nullopt;
  if (!is_own(authority)) return Place{.own = false, .target = {}, .url = std::string(location)};
  rest.remove_prefix(end);
  const auto [path, query] = split_query(rest);
  return Place{.own = true, .target = clean_target(path.empty() ? "/" : path, query), .url = {}};
}

std::optional<std::string> next_page_query(std::string_view link) {
  while (!link.empty()) {
    const std::size_t open = link.find('<');
    const std::size_t close = link.find('>', open);
    if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
    std::string_view url = link.substr(open + 1, close - open - 1);
    link.remove_prefix(close + 1);
    const std::size_t comma = std::min(link.find(','), link.size());
    const bool next = says_next(link.substr(0, comma));
    link.remove_prefix(comma);
    if (!next) continue;
    url = url.substr(0, url.find('#'));
    const std::string_view query = split_query(url).second;
    if (query.empty() || query.size() > LocationResolver::kLengthLimit ||
        !std::ranges::all_of(query, belongs_into_url)) {
      return std::nullopt;
    }
    return std::string(query.substr(1));
  }
  return std::nullopt;
}

}  // namespace moorgate::gateway
