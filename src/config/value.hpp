#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// How single values are written in the configuration. Pure functions; nullopt is "not one".
namespace moorgate::config {

/// true, false, yes, no, on, off in any case.
std::optional<bool> parse_bool(std::string_view text);
/// Decimal digits, perhaps after a minus sign.
std::optional<std::int64_t> parse_integer(std::string_view text);
/// "500ms", "30s", "5m", "168h", "7d", several of them from large to small ("1h30m"), or "0".
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// Bytes, alone or with B, KiB, MiB, GiB, TiB (1024) or KB, MB, GB, TB (1000).
std::optional<std::uint64_t> parse_size(std::string_view text);

/// The shortest text that the parsers above read back to the same value.
std::string print_duration(std::chrono::milliseconds value);
std::string print_size(std::uint64_t value);

}  // namespace moorgate::config
