#include "config/value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/text.hpp"

namespace moorgate::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array kTime = {Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000},
                              Unit{"s", 1'000}, Unit{"ms", 1}};
constexpr std::array kBinary = {Unit{"TiB", 1ULL << 40}, Unit{"GiB", 1ULL << 30},
                                Unit{"MiB", 1ULL << 20}, Unit{"KiB", 1ULL << 10}, Unit{"B", 1}};
constexpr std::array kDecimal = {Unit{"TB", 1'000'000'000'000}, Unit{"GB", 1'000'000'000},
                                 Unit{"MB", 1'000'000}, Unit{"KB", 1'000}};

std::optional<std::uint64_t> factor_of(std::string_view name) {
  if (name.empty()) return 1;
  for (const auto& unit : kBinary) {
    if (equals_ignoring_case(unit.name, name)) return unit.factor;
  }
  for (const auto& unit : kDecimal) {
    if (equals_ignoring_case(unit.name, name)) return unit.factor;
  }
  return std::nullopt;
}

std::size_t leading_digits(std::string_view text) {
  return std::min(text.find_first_not_of("0123456789"), text.size());
}

}  // namespace

std::optional<bool> parse_bool(std::string_view text) {
  for (const std::string_view word : {"true", "yes", "on"}) {
    if (equals_ignoring_case(word, text)) return true;
  }
  for (const std::string_view word : {"false", "no", "off"}) {
    if (equals_ignoring_case(word, text)) return false;
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds{0};
  if (text.empty()) return std::nullopt;
  constexpr std::uint64_t limit = std::numeric_limits<std::int64_t>::max();
  std::uint64_t total = 0;
  std::uint64_t smaller_than = limit;
  while (!text.empty()) {
    const std::size_t digits = leading_digits(text);
    const auto count = parse_decimal<std::uint64_t>(text.substr(0, digits));
    text.remove_prefix(digits);
    const std::size_t letters = std::min(text.find_first_of("0123456789"), text.size());
    const auto* const unit = std::ranges::find(kTime, text.substr(0, letters), &Unit::name);
    text.remove_prefix(letters);
    if (!count || unit == kTime.end() || unit->factor >= smaller_than) return std::nullopt;
    if (*count > (limit - total) / unit->factor) return std::nullopt;
    total += *count * unit->factor;
    smaller_than = unit->factor;
  }
  return std::chrono::milliseconds{static_cast<std::int64_t>(total)};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const std::size_t digits = leading_digits(text);
  const auto count = parse_decimal<std::uint64_t>(text.substr(0, digits));
  const auto factor = factor_of(trim(text.substr(digits)));
  if (!count || !factor) return std::nullopt;
  if (*count > std::numeric_limits<std::int64_t>::max() / *factor) return std::nullopt;
  return *count * *factor;
}

std::string print_duration(std::chrono::milliseconds value) {
  if (value.count() <= 0) return std::to_string(value.count());
  auto left = static_cast<std::uint64_t>(value.count());
  std::string out;
  for (const auto& unit : kTime) {
    if (left < unit.factor) continue;
    out += std::to_string(left / unit.factor).append(unit.name);
    left %= unit.factor;
  }
  return out;
}

std::string print_size(std::uint64_t value) {
  if (value == 0) return "0";
  for (const auto& unit : kBinary) {
    if (value % unit.factor == 0) return std::to_string(value / unit.factor).append(unit.name);
  }
  return std::to_string(value);
}

}  // namespace moorgate::config
