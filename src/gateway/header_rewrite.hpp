#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moorgate::gateway {

/// Where a Location of the upstream points.
struct Place {
  /// At the upstream itself: then `target` is its path and query there, base path included.
  bool own = false;
  std::string target;
  /// Elsewhere: the whole URL.
  std::string url;
};

/// Resolves what an upstream's answers point at (RFC 3986 §5, without fragments). Any thread.
class LocationResolver {
 public:
  static constexpr std::size_t kLengthLimit = 8 << 10;

  /// `names` are the "host" or "host:port" that mean the upstream, its own address first, without
  /// the port where it is the scheme's own. The scheme of a Location that names one of them does
  /// not matter: registries behind a proxy often get it wrong, and we never go by it.
  explicit LocationResolver(std::vector<std::string> names) : names_(std::move(names)) {}

  /// `base` is the target of the request that was answered. Nothing if `location` is too long or
  /// no http or https URL, names a user, or holds what does not belong into a URL.
  std::optional<Place> resolve(std::string_view location, std::string_view base) const;

 private:
  bool is_own(std::string_view authority) const noexcept;

  std::vector<std::string> names_;
};

/// The query of the page that an upstream's Link header calls the next one (RFC 8288), nothing if
/// there is none. Its path is that of the list itself, whatever host the upstream takes itself for.
std::optional<std::string> next_page_query(std::string_view link);

}  // namespace moorgate::gateway
