#include "base/log_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "base/text.hpp"
#include "base/utf8.hpp"

namespace moorgate::log {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::size_t kMessageWidth = 36;

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "info";
}

std::string_view label_of(Level level) {
  switch (level) {
    case Level::debug:
      return "DEBUG";
    case Level::info:
      return "INFO ";
    case Level::warning:
      return "WARN ";
    case Level::error:
      return "ERROR";
  }
  return "INFO ";
}

std::string_view colour_of(Level level) {
  switch (level) {
    case Level::debug:
      return "\x1b[2m";
    case Level::info:
      return "\x1b[32m";
    case Level::warning:
      return "\x1b[33m";
    case Level::error:
      return "\x1b[31m";
  }
  return "";
}

constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kReset = "\x1b[0m";

/// "2026-08-21T10:00:00", kept per thread for as long as the second lasts.
std::string_view second_text(std::int64_t seconds) {
  thread_local std::int64_t known = -1;
  thread_local std::string text;
  if (seconds != known) {
    known = seconds;
    text = to_rfc3339(seconds);
    text.pop_back();
  }
  return text;
}

void append_time(std::string& out, Time time, char between) {
  const auto since = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  const auto ms = static_cast<unsigned>((since - seconds).count());
  const std::size_t begin = out.size();
  out.append(second_text(seconds.count()));
  out[begin + 10] = between;
  out.append({'.', static_cast<char>('0' + ms / 100), static_cast<char>('0' + ms / 10 % 10),
              static_cast<char>('0' + ms % 10)});
}

template <class Number>
void append_number(std::string& out, Number value) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), end);
}

void append_json_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
  }
}

bool is_plain_in_json(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto plain =
        static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain_in_json) - text.begin());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out += "\\ufffd";
    } else if (length == 1) {
      append_json_escape(out, text.front());
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

/// U+0080 to U+009F: some terminals obey them like the ASCII control characters.
bool is_control(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
  return character.size() == 2 && byte(0) == 0xc2 && byte(1) < 0xa0;
}

void append_visible(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    if (length == 0 || is_control(character)) {
      for (const char c : character) {
        out += "\\x";
        out += kHex[static_cast<unsigned char>(c) >> 4];
        out += kHex[static_cast<unsigned char>(c) & 15];
      }
    } else {
      if (character == "\"" || character == "\\") out += '\\';
      out.append(character);
    }
    text.remove_prefix(character.size());
  }
}

void append_human_string(std::string& out, std::string_view text) {
  if (!text.empty() && text.find_first_of(" \"\\=") == std::string_view::npos) {
    append_visible(out, text);
    return;
  }
  out += '"';
  append_visible(out, text);
  out += '"';
}

void append_scalar(std::string& out, std::int64_t value) {
  append_number(out, value);
}
void append_scalar(std::string& out, bool value) {
  out += value ? "true" : "false";
}
void append_scalar(std::string& out, double value) {
  if (std::isfinite(value)) {
    append_number(out, value);
  } else {
    out += "null";  // JSON has no word for it
  }
}

template <class AppendString>
void append_value(std::string& out, const Field& field, AppendString append_string) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    append_string(out, *text);
  } else if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
    append_scalar(out, *number);
  } else if (const auto* real = std::get_if<double>(&field.value)) {
    append_scalar(out, *real);
  } else {
    append_scalar(out, std::get<bool>(field.value));
  }
}

}  // namespace

void append_json(std::string& out, Time time, Level level, std::string_view message,
                 std::initializer_list<Field> fields) {
  out += R"({"time":")";
  append_time(out, time, 'T');
  out.append(R"(Z","level":")").append(name_of(level)).append(R"(","message":)");
  append_json_string(out, message);
  for (const Field& field : fields) {
    out += ',';
    append_json_string(out, field.key);
    out += ':';
    append_value(out, field, append_json_string);
  }
  out += '}';
}

void append_human(std::string& out, Time time, Level level, std::string_view message,
                  std::initializer_list<Field> fields, Colour colour) {
  const auto paint = [&](std::string_view code) {
    if (colour == Colour::yes) out.append(code);
  };
  paint(kDim);
  append_time(out, time, ' ');
  paint(kReset);
  out += ' ';
  paint(colour_of(level));
  out.append(label_of(level));
  paint(kReset);
  out += ' ';
  append_visible(out, message);
  if (fields.size() > 0 && message.size() < kMessageWidth) {
    out.append(kMessageWidth - message.size(), ' ');
  }
  for (const Field& field : fields) {
    out += ' ';
    paint(kDim);
    out.append(field.key).append("=");
    paint(kReset);
    append_value(out, field, append_human_string);
  }
}

}  // namespace moorgate::log
