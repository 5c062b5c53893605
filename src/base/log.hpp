#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

/// The program's log: human lines on a terminal, one JSON object per line otherwise. Lines are
/// written by one background thread through a bounded queue that drops the oldest line rather than
/// stall a worker (dropped lines are counted). Never pass a secret.
namespace moorgate::log {

enum class Level { debug, info, warning, error };
enum class Format { human, json };

struct Field {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

/// Once, before the first line; `format` chosen by the caller (isatty or configuration).
void start(Format format, Level level);
/// Writes what is queued and stops the background thread. Later lines are discarded.
void stop();
bool enabled(Level level) noexcept;

/// `message` is a constant sentence; what varies goes into `fields`. Any thread.
void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});

inline void info(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::info, message, fields);
}
inline void warning(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::warning, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::error, message, fields);
}
inline void debug(std::string_view message, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::debug)) write(Level::debug, message, fields);
}

/// Lines that are complete already, each ending in a newline, as one batch. Any thread.
void lines(std::string text);

/// Lines lost because the queue was full, since start.
std::uint64_t dropped_lines() noexcept;

}  // namespace moorgate::log
