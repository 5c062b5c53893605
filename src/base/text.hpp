#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Small words about text: the encodings and comparisons that several folders need.
namespace moorgate {

std::string to_hex(std::string_view bytes);

/// Standard base64 with padding, as RFC 4648 §4; nullopt on anything else (white space included).
std::optional<std::string> from_base64(std::string_view text);
std::string to_base64(std::string_view bytes);
/// RFC 4648 §5 without padding.
std::string to_base64url(std::string_view bytes);

/// Digits only: no sign, no space, no overflow. The only number parser used on wire input.
template <class Integer = std::uint64_t>
std::optional<Integer> parse_decimal(std::string_view text) {
  Integer value{};
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// ASCII only, independent of the locale.
inline bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [lower](char x, char y) {
           return lower(x) == lower(y);
         });
}
std::string_view trim(std::string_view text) noexcept;

/// Percent-decoding of RFC 3986 §2.1; nullopt on a broken escape. '+' stays '+'.
std::optional<std::string> percent_decode(std::string_view text);
/// Leaves only the unreserved characters as they are.
std::string percent_encode(std::string_view text);

/// Quotes `text` for a message to a person: printable ASCII as is, the rest as \xNN, cut at
/// `limit`.
std::string quoted(std::string_view text, std::size_t limit = 120);

/// Of `known`, the one nearest to `word` by edit distance, if near enough to be a typing mistake.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

/// `*` matches within a path part, `**` across parts; everything else is literal. No backtracking
/// explosion: linear in text × pattern.
bool glob_match(std::string_view pattern, std::string_view text) noexcept;

/// RFC 3339 in UTC with seconds, e.g. 2026-08-21T10:00:00Z.
std::string to_rfc3339(std::int64_t unix_seconds);

}  // namespace moorgate
