#include "http/access_log.hpp"

#include <time.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/text.hpp"
#include "http/exchange.hpp"

namespace moorgate::http {
namespace {

constexpr std::size_t kBatch = 32 << 10;
/// Of a target or a reason, what one line shows.
constexpr std::size_t kFieldLimit = 2048;

/// What one byte of a text may become: "\u00xx".
constexpr std::size_t kEscaped = 6;
/// Keys, punctuation and numbers of a line; about 250 bytes are in use.
constexpr std::size_t kRestOfLine = 512;

constexpr bool needs_escape(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f || c == '"' || c == '\\';
}

/// Of eight bytes at once; exact for whether there is one, not for which.
constexpr bool any_needs_escape(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const auto zero = [](std::uint64_t bytes) { return (bytes - kOnes) & ~bytes; };
  const std::uint64_t control = (word - kOnes * 0x20) & ~word;
  return ((control | zero(word ^ (kOnes * '"')) | zero(word ^ (kOnes * '\\')) |
           zero(word ^ (kOnes * 0x7f))) &
          (kOnes * 0x80)) != 0;
}

bool any_needs_escape(std::string_view text) {
  bool any = false;
  std::uint64_t word = 0;
  for (; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
    std::memcpy(&word, text.data(), sizeof word);
    any |= any_needs_escape(word);
  }
  for (const char c : text) any |= needs_escape(c);
  return any;
}

/// Writes where the caller has made room for `room_for` all of it.
class Line {
 public:
  explicit Line(char* at) : at_(at) {}
  char* end() const { return at_; }

  void raw(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }

  void escaped(std::string_view text) {
    text = text.substr(0, kFieldLimit);
    if (!any_needs_escape(text)) {
      raw(text);
      return;
    }
    static constexpr std::string_view kHex = "0123456789abcdef";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (!needs_escape(c)) {
        *at_++ = c;
      } else if (c == '"' || c == '\\') {
        *at_++ = '\\';
        *at_++ = c;
      } else {
        raw("\\u00");
        *at_++ = kHex[byte >> 4];
        *at_++ = kHex[byte & 15];
      }
    }
  }

  void number(std::uint64_t number) { at_ = std::to_chars(at_, at_ + 20, number).ptr; }

  void milliseconds(std::chrono::microseconds duration) {
    const auto micros = static_cast<std::uint64_t>(duration.count());
    number(micros / 1000);
    const std::uint64_t rest = micros % 1000;
    *at_++ = '.';
    *at_++ = static_cast<char>('0' + rest / 100);
    *at_++ = static_cast<char>('0' + rest / 10 % 10);
    *at_++ = static_cast<char>('0' + rest % 10);
  }

  /// Of a JSON object: `opening` ends the member before and begins this one.
  void member(std::string_view opening, std::string_view value) {
    raw(opening);
    escaped(value);
  }
  void member(std::string_view opening, std::uint64_t value) {
    raw(opening);
    number(value);
  }

 private:
  char* at_;
};

std::size_t room_for(const Exchange& exchange) {
  std::size_t escaped = 0;
  for (const std::string_view text :
       {std::string_view(exchange.client().address), std::string_view(exchange.client().proxy),
        std::string_view(exchange.client().host), std::string_view(exchange.record.principal),
        std::string_view(exchange.record.source), exchange.head().method_text,
        exchange.head().target, exchange.record.action,
        std::string_view(exchange.record.repository), std::string_view(exchange.record.reason),
        std::string_view(exchange.record.original)}) {
    escaped += std::min(text.size(), kFieldLimit);
  }
  return kRestOfLine + kEscaped * escaped;
}

void add_json(Line& line, std::string_view now, const Exchange& exchange,
              std::chrono::microseconds duration) {
  const AccessRecord& record = exchange.record;
  line.raw(R"({"time":")");
  line.raw(now);
  line.member(R"(","level":"info","message":"request","client":")", exchange.client().address);
  if (!exchange.client().proxy.empty()) line.member(R"(","proxy":")", exchange.client().proxy);
  if (!exchange.client().scheme.empty()) line.member(R"(","scheme":")", exchange.client().scheme);
  if (!exchange.client().host.empty()) line.member(R"(","host":")", exchange.client().host);
  line.member(R"(","user":")", record.principal);
  if (!record.source.empty()) line.member(R"(","source":")", record.source);
  line.member(R"(","method":")", exchange.head().method_text);
  line.member(R"(","target":")", exchange.head().target);
  line.member(R"(","status":)", static_cast<std::uint64_t>(exchange.status()));
  line.member(R"(,"bytes_in":)", exchange.body().received());
  line.member(R"(,"bytes_out":)", exchange.bytes_sent());
  line.raw(R"(,"duration_ms":)");
  line.milliseconds(duration);
  // From here on each closes itself.
  const auto text = [&line](std::string_view opening, std::string_view value) {
    if (value.empty()) return;
    line.member(opening, value);
    line.raw("\"");
  };
  text(R"(,"original":")", record.original);
  text(R"(,"action":")", record.action);
  text(R"(,"repository":")", record.repository);
  text(R"(,"reason":")", record.reason);
  if (exchange.broken()) line.raw(R"(,"incomplete":true)");
  line.raw("}\n");
}

void add_human(Line& line, std::string_view now, const Exchange& exchange,
               std::chrono::microseconds duration) {
  const AccessRecord& record = exchange.record;
  line.raw(now);
  line.raw(" ");
  line.escaped(exchange.client().address);
  line.raw(" ");
  line.escaped(record.principal.empty() ? "-" : std::string_view(record.principal));
  line.raw(" ");
  line.escaped(exchange.head().method_text);
  line.raw(" ");
  line.escaped(exchange.head().target);
  line.raw(" ");
  line.number(static_cast<std::uint64_t>(exchange.status()));
  line.raw(" in=");
  line.number(exchange.body().received());
  line.raw(" out=");
  line.number(exchange.bytes_sent());
  line.raw(" ");
  line.milliseconds(duration);
  line.raw("ms");
  if (exchange.broken()) line.raw(" (broke off)");
  if (!exchange.client().proxy.empty()) {
    line.raw(" via: ");
    line.escaped(exchange.client().proxy);
  }
  if (!record.original.empty()) {
    line.raw(" for: ");
    line.escaped(record.original);
  }
  if (!record.reason.empty()) {
    line.raw(" refused: ");
    line.escaped(record.reason);
  }
  line.raw("\n");
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
  const std::string_view now = timestamp();
  const std::size_t before = lines_.size();
  lines_.resize_and_overwrite(before + room_for(exchange), [&](char* data, std::size_t) {
    Line line(data + before);
    if (format_ == log::Format::json) {
      add_json(line, now, exchange, duration);
    } else {
      add_human(line, now, exchange, duration);
    }
    return static_cast<std::size_t>(line.end() - data);
  });
  if (lines_.size() >= kBatch) flush();
}

void AccessLog::flush() {
  if (lines_.empty()) return;
  log::lines(std::exchange(lines_, {}));
  lines_.reserve(kBatch + 4096);
}

}  // namespace moorgate::http
