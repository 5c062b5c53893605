#include "http/access_log.hpp"

#include <time.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/text.hpp"
#include "http/exchange.hpp"

namespace moorgate::http {
namespace {

constexpr std::size_t kBatch = 32 << 10;
/// Of a target or a reason, what one line shows.
constexpr std::size_t kFieldLimit = 2048;

void append_json(std::string& out, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : text.substr(0, kFieldLimit)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void append_milliseconds(std::string& out, std::chrono::microseconds duration) {
  const auto micros = static_cast<std::uint64_t>(duration.count());
  append_number(out, micros / 1000);
  const std::uint64_t rest = micros % 1000;
  out += '.';
  out += static_cast<char>('0' + rest / 100);
  out += static_cast<char>('0' + rest / 10 % 10);
  out += static_cast<char>('0' + rest % 10);
}

void json_text(std::string& out, std::string_view key, std::string_view value) {
  out.append(",\"").append(key).append("\":\"");
  append_json(out, value);
  out += '"';
}

void json_number(std::string& out, std::string_view key, std::uint64_t value) {
  out.append(",\"").append(key).append("\":");
  append_number(out, value);
}

}  // namespace

std::string_view AccessLog::timestamp() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != stamped_second_) {
    stamped_second_ = now.tv_sec;
    stamp_ = to_rfc3339(now.tv_sec);
    stamp_.insert(stamp_.size() - 1, ".000");
  }
  const long millis = now.tv_nsec / 1'000'000;
  const std::size_t at = stamp_.size() - 4;
  stamp_[at] = static_cast<char>('0' + millis / 100);
  stamp_[at + 1] = static_cast<char>('0' + millis / 10 % 10);
  stamp_[at + 2] = static_cast<char>('0' + millis % 10);
  return stamp_;
}

void AccessLog::add(const Exchange& exchange, std::chrono::microseconds duration) {
  if (!log::enabled(log::Level::info)) return;
  if (format_ == log::Format::json) {
    add_json(exchange, duration);
  } else {
    add_human(exchange, duration);
  }
  if (lines_.size() >= kBatch) flush();
}

void AccessLog::add_json(const Exchange& exchange, std::chrono::microseconds duration) {
  const AccessRecord& record = exchange.record;
  lines_ += R"({"time":")";
  lines_ += timestamp();
  lines_ += R"(","level":"info","message":"request")";
  json_text(lines_, "client", exchange.client().address);
  if (!exchange.client().proxy.empty()) json_text(lines_, "proxy", exchange.client().proxy);
  json_text(lines_, "user", record.principal);
  if (!record.source.empty()) json_text(lines_, "source", record.source);
  json_text(lines_, "method", exchange.head().method_text);
  json_text(lines_, "target", exchange.head().target);
  json_number(lines_, "status", static_cast<std::uint64_t>(exchange.status()));
  json_number(lines_, "bytes_in", exchange.body().received());
  json_number(lines_, "bytes_out", exchange.bytes_sent());
  lines_ += R"(,"duration_ms":)";
  append_milliseconds(lines_, duration);
  if (!record.original.empty()) json_text(lines_, "original", record.original);
  if (!record.action.empty()) json_text(lines_, "action", record.action);
  if (!record.repository.empty()) json_text(lines_, "repository", record.repository);
  if (!record.reason.empty()) json_text(lines_, "reason", record.reason);
  if (exchange.broken()) lines_ += R"(,"incomplete":true)";
  lines_ += "}\n";
}

void AccessLog::add_human(const Exchange& exchange, std::chrono::microseconds duration) {
  const AccessRecord& record = exchange.record;
  lines_ += timestamp();
  lines_ += ' ';
  append_json(lines_, exchange.client().address);
  lines_ += ' ';
  lines_ += record.principal.empty() ? "-" : std::string_view(record.principal);
  lines_ += ' ';
  append_json(lines_, exchange.head().method_text);
  lines_ += ' ';
  append_json(lines_, exchange.head().target);
  lines_ += ' ';
  append_number(lines_, static_cast<std::uint64_t>(exchange.status()));
  lines_ += " in=";
  append_number(lines_, exchange.body().received());
  lines_ += " out=";
  append_number(lines_, exchange.bytes_sent());
  lines_ += ' ';
  append_milliseconds(lines_, duration);
  lines_ += "ms";
  if (exchange.broken()) lines_ += " (broke off)";
  if (!record.original.empty()) {
    lines_ += " for: ";
    append_json(lines_, record.original);
  }
  if (!record.reason.empty()) {
    lines_ += " refused: ";
    append_json(lines_, record.reason);
  }
  lines_ += '\n';
}

void AccessLog::flush() {
  if (lines_.empty()) return;
  log::lines(std::exchange(lines_, {}));
  lines_.reserve(kBatch + 4096);
}

}  // namespace moorgate::http
