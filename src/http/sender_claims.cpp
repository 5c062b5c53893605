#include "http/sender_claims.hpp"

#include <algorithm>
#include <array>

namespace moorgate::http {
namespace {

/// Whole families. The rest of the name does not matter.
constexpr std::array<std::string_view, 6> kPrefixes = {
    "x-forwarded-", "x-auth-request-", "x-remote-", "x-authenticated-", "x-webauth-", "remote-"};

constexpr std::array<std::string_view, 13> kNames = {
    "forwarded",      "x-forwarded",    "x-real-ip",       "x-client-ip",   "x-cluster-client-ip",
    "x-original-url", "x-rewrite-url",  "x-auth-user",     "x-auth-groups", "x-user",
    "x-groups",       "true-client-ip", "cf-connecting-ip"};

constexpr char folded(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c | 0x20);
  return c == '_' ? '-' : c;
}

constexpr bool equal(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, folded, folded);
}

}  // namespace

bool is_same_field(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && equal(a, b);
}

bool is_sender_claim(std::string_view name) noexcept {
  // Nearly all headers of nearly all requests begin otherwise.
  const char first = name.empty() ? '\0' : folded(name.front());
  if (first != 'x' && first != 'f' && first != 'r' && first != 't' && first != 'c') return false;
  const auto begins = [name](std::string_view prefix) {
    return name.size() > prefix.size() && equal(name.substr(0, prefix.size()), prefix);
  };
  // These two are a question about another request (forwardAuth), no word about this one's sender.
  if (equal(name, "x-forwarded-method") || equal(name, "x-forwarded-uri"))
    return name.contains('_');
  return std::ranges::any_of(kPrefixes, begins) ||
         std::ranges::any_of(kNames,
                             [name](std::string_view known) { return is_same_field(name, known); });
}

}  // namespace moorgate::http
