#pragma once

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/log.hpp"

/// One log line as text, without its newline. Whatever the values hold, it stays one line, valid
/// UTF-8 and without control characters: nobody forges a line or reaches the terminal through one.
namespace moorgate::log {

using Time = std::chrono::system_clock::time_point;

enum class Colour { no, yes };

/// {"time":"2026-08-21T10:00:00.123Z","level":"info","message":"…","key":value,…}
/// Bytes that are not UTF-8 become U+FFFD.
void append_json(std::string& out, Time time, Level level, std::string_view message,
                 std::initializer_list<Field> fields);

/// 2026-08-21 10:00:00.123 INFO  message   key=value other="two words"
void append_human(std::string& out, Time time, Level level, std::string_view message,
                  std::initializer_list<Field> fields, Colour colour);

}  // namespace moorgate::log
