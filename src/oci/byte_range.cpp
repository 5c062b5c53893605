#include "oci/byte_range.hpp"

#include <algorithm>
#include <limits>

#include "base/text.hpp"

namespace moorgate::oci {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

/// Digits of any length; what does not fit counts as the largest number, which lies beyond every
/// content just the same.
std::optional<std::uint64_t> parse_position(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (kMax - digit) / 10 ? kMax : value * 10 + digit;
  }
  return value;
}

/// "bytes=" or "bytes " in any case, removed from the front of `text`.
bool remove_unit(std::string_view& text, char separator) noexcept {
  constexpr std::string_view kUnit = "bytes";
  if (text.size() <= kUnit.size() || text[kUnit.size()] != separator) return false;
  if (!equals_ignoring_case(text.substr(0, kUnit.size()), kUnit)) return false;
  text.remove_prefix(kUnit.size() + 1);
  return true;
}

std::unexpected<Error> unsatisfiable(std::string_view range, std::uint64_t size) {
  return failure(Code::range_invalid, "range " + quoted(range, 60) + " lies outside the " +
                                          std::to_string(size) + " bytes of the content");
}

}  // namespace

Result<std::optional<ByteRange>> parse_range(std::string_view header, std::uint64_t size) {
  std::string_view range = trim(header);
  if (!remove_unit(range, '=') || size == 0) return std::nullopt;
  range = trim(range);
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view before = range.substr(0, dash);
  const std::string_view after = range.substr(dash + 1);
  const auto first = parse_position(before);
  const auto last = parse_position(after);
  if ((!first && !before.empty()) || (!last && !after.empty()) || (!first && !last)) {
    return std::nullopt;
  }

  if (!first) {
    if (*last == 0) return unsatisfiable(range, size);
    return ByteRange{size - std::min(*last, size), size - 1};
  }
  if (*first >= size || (last && *last < *first)) return unsatisfiable(range, size);
  return ByteRange{*first, last ? std::min(*last, size - 1) : size - 1};
}

Result<ByteRange> parse_chunk_range(std::string_view header) {
  std::string_view range = trim(header);
  if (!remove_unit(range, ' ')) remove_unit(range, '=');
  const std::size_t slash = range.find('/');
  const std::string_view total = slash == std::string_view::npos ? "*" : range.substr(slash + 1);
  range = range.substr(0, slash);
  const std::size_t dash = range.find('-');
  if (dash != std::string_view::npos && (total == "*" || parse_decimal(total))) {
    const auto first = parse_decimal(range.substr(0, dash));
    const auto last = parse_decimal(range.substr(dash + 1));
    // A chunk that ends at the largest number would make the next offset overflow.
    if (first && last && *first <= *last && *last != kMax) return ByteRange{*first, *last};
  }
  return failure(Code::range_invalid, "Content-Range " + quoted(header, 60) +
                                          " is not of the form <first byte>-<last byte>");
}

}  // namespace moorgate::oci
