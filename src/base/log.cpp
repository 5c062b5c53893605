#include "base/log.hpp"

#include <poll.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>

#include "base/log_line.hpp"

namespace moorgate::log {
namespace {

// Each place takes 400 bytes for good. The many lines, those of requests, come in batches.
constexpr std::size_t kQueueLines = 1024;
// Batches are long: past this many waiting entries, whatever they are, a batch is dropped.
constexpr std::size_t kQueueBatches = 256;
constexpr std::size_t kFlushBytes = 32768;
// What poll() calls writable takes this much without blocking, even when it is a pipe.
constexpr std::size_t kPipeBytes = 4096;
constexpr int kPatienceMs = 1000;

/// A file takes everything at once; only a pipe, a socket or a terminal has a reader to wait for.
bool is_file(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

/// Writes when the queue has run empty or enough has gathered: one system call per burst, and no
/// line waits behind another.
class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void watch(spdlog::details::thread_pool* pool) { pool_ = pool; }
  /// From now on a reader that takes nothing is given up on.
  void hurry() { hurried_ = true; }
  void lose(std::uint64_t lines) { lost_ += lines; }
  std::uint64_t lost() const noexcept { return lost_; }

 private:
  void sink_it_(const spdlog::details::log_msg& line) override {
    pending_.append(line.payload.data(), line.payload.size()).append(1, '\n');
    ++pending_lines_;
    if (pending_.size() >= kFlushBytes || pool_->queue_size() == 0) flush_();
  }

  void flush_() override {
    std::size_t done = 0;
    while (done < pending_.size() && !given_up_) {
      if (!to_file_ && !reader_is_ready()) continue;
      const std::size_t size = to_file_ ? pending_.size() : kPipeBytes;
      const ssize_t count =
          ::write(STDERR_FILENO, pending_.data() + done, std::min(pending_.size() - done, size));
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count < 0) break;
      done += static_cast<std::size_t>(count);
    }
    if (done < pending_.size()) lost_ += pending_lines_;
    pending_.clear();
    pending_lines_ = 0;
  }

  /// False after a while without; then also gives up, if there is hurry.
  bool reader_is_ready() {
    pollfd out{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&out, 1, kPatienceMs);
    if (ready > 0) return true;
    given_up_ = ready == 0 ? hurried_.load() : errno != EINTR;
    return false;
  }

  const bool to_file_ = is_file(STDERR_FILENO);
  // Owned by the background thread, under base_sink's mutex.
  std::string pending_;
  std::uint64_t pending_lines_ = 0;
  bool given_up_ = false;
  spdlog::details::thread_pool* pool_ = nullptr;
  // Shared.
  std::atomic<bool> hurried_ = false;
  std::atomic<std::uint64_t> lost_ = 0;
};

struct Output {
  Format format;
  Colour colour;
  std::shared_ptr<StderrSink> sink = std::make_shared<StderrSink>();
  std::shared_ptr<spdlog::details::thread_pool> pool =
      std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1);
  std::shared_ptr<spdlog::async_logger> logger = std::make_shared<spdlog::async_logger>(
      "moorgate", sink, pool, spdlog::async_overflow_policy::overrun_oldest);
};

constexpr int kNothing = static_cast<int>(Level::error) + 1;

std::atomic<int> threshold = kNothing;
std::atomic<Output*> running = nullptr;
std::atomic<int> users = 0;

/// Keeps stop() from freeing the Output while a line is on its way.
class Use {
 public:
  Use() {
    ++users;
    output_ = running;
  }
  ~Use() { --users; }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  explicit operator bool() const { return output_ != nullptr; }
  const Output* operator->() const { return output_; }

 private:
  const Output* output_;
};

Colour colour_of_stderr() {
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  const bool wanted = ::isatty(STDERR_FILENO) == 1 && !dumb && !std::getenv("NO_COLOR");
  return wanted ? Colour::yes : Colour::no;
}

}  // namespace

void start(Format format, Level level) {
  if (running.load()) return;
  auto output = std::make_unique<Output>(format, colour_of_stderr());
  output->sink->watch(output->pool.get());
  running = output.release();
  threshold = static_cast<int>(level);
}

void stop() {
  threshold = kNothing;
  const std::unique_ptr<Output> output(running.exchange(nullptr));
  if (!output) return;
  while (users != 0) std::this_thread::yield();
  output->sink->hurry();
  output->pool.reset();  // writes what is queued, then joins
  output->sink->flush();
}

bool enabled(Level level) noexcept {
  return static_cast<int>(level) >= threshold.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  const Use output;
  if (!output) return;
  thread_local std::string line;
  line.clear();
  const auto now = std::chrono::system_clock::now();
  if (output->format == Format::json) {
    append_json(line, now, level, message, fields);
  } else {
    append_human(line, now, level, message, fields, output->colour);
  }
  output->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

void lines(std::string text) {
  if (text.empty()) return;
  const Use output;
  if (!output) return;
  if (output->pool->queue_size() > kQueueBatches) {
    output->sink->lose(static_cast<std::uint64_t>(std::ranges::count(text, '\n')));
    return;
  }
  text.pop_back();
  output->logger->log(spdlog::level::info, spdlog::string_view_t(text.data(), text.size()));
}

std::uint64_t dropped_lines() noexcept {
  const Use output;
  return output ? output->pool->overrun_counter() + output->sink->lost() : 0;
}

}  // namespace moorgate::log
