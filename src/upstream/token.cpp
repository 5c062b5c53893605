#include "upstream/token.hpp"

#include <algorithm>
#include <chrono>

#include <boost/json.hpp>

#include "base/text.hpp"
#include "http/head_syntax.hpp"

namespace moorgate::upstream {
namespace {

constexpr std::size_t kMaxToken = 16 << 10;
constexpr std::int64_t kDefaultSeconds = 60;
constexpr std::int64_t kMaxSeconds = 86'400;

std::string_view text_of(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return value->get_string();
}

std::int64_t seconds_of(const boost::json::object& object) {
  const auto* value = object.if_contains("expires_in");
  if (value == nullptr) return kDefaultSeconds;
  boost::system::error_code error;
  const auto seconds = value->to_number<std::int64_t>(error);
  if (error || seconds <= 0) return kDefaultSeconds;
  return std::min(seconds, kMaxSeconds);
}

bool fits_a_header(std::string_view token) {
  return !token.empty() && token.size() <= kMaxToken && http::is_field_value(token) &&
         !token.contains(' ');
}

}  // namespace

Result<Token> parse_token(std::string_view json) {
  boost::system::error_code error;
  boost::json::parse_options options;
  options.max_depth = 8;
  const auto document = boost::json::parse(json, error, {}, options);
  if (error || !document.is_object()) {
    return failure(Code::bad_request, "the token service's answer is no JSON object");
  }
  const auto& object = document.get_object();
  std::string_view text = text_of(object, "token");
  if (text.empty()) text = text_of(object, "access_token");
  if (!fits_a_header(text)) {
    return failure(Code::bad_request, "the token service's answer holds no usable token");
  }
  Token token;
  token.value = Secret(std::string(text));
  token.lifetime = std::chrono::seconds(seconds_of(object));
  return token;
}

http::Url TokenService::url(std::string_view scopes) const {
  http::Url url = realm;
  char separator = url.target.contains('?') ? '&' : '?';
  const auto add = [&](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    url.target.append(1, separator).append(key).append("=").append(percent_encode(value));
    separator = '&';
  };
  add("service", service);
  while (!scopes.empty()) {
    const std::size_t blank = std::min(scopes.find(' '), scopes.size());
    add("scope", scopes.substr(0, blank));
    scopes.remove_prefix(std::min(blank + 1, scopes.size()));
  }
  return url;
}

Trust trust_in(const http::Url& realm, const UpstreamConfig& config) {
  if (realm.scheme == http::Url::Scheme::unix) return Trust::none;
  if (!config.token_realm.empty()) {
    const auto known = http::Url::parse(config.token_realm);
    return known && known->same_origin(realm) ? Trust::full : Trust::none;
  }
  if (config.url.encrypted()) return realm.encrypted() ? Trust::full : Trust::none;
  if (realm.host == config.url.host) return Trust::full;
  // Over http:// anybody on the way can have written the answer, with a realm of his own in it.
  const bool authentic = config.url.scheme == http::Url::Scheme::unix;
  return authentic && realm.encrypted() ? Trust::full : Trust::anonymous;
}

}  // namespace moorgate::upstream
