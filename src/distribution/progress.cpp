#include "distribution/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <tuple>

#include "base/log.hpp"

namespace moorgate::distribution {
namespace {

constexpr std::chrono::milliseconds kBarInterval{100};
constexpr std::chrono::seconds kLineInterval{5};
constexpr std::size_t kBarWidth = 30;
constexpr std::string_view kClearLine = "\r\033[K";

void write_to_terminal(std::string_view text) {
  std::ignore = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

Progress::Progress(std::string_view what, std::uint64_t total)
    : what_(what),
      total_(total),
      terminal_(::isatty(STDERR_FILENO) == 1),
      next_(started_ +
            (terminal_ ? Clock::duration(kBarInterval) : Clock::duration(kLineInterval))) {}

Progress::~Progress() {
  if (shown_ && terminal_) write_to_terminal(kClearLine);
}

double Progress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - started_).count();
}

void Progress::show(std::uint64_t done, std::uint64_t files) {
  if (Clock::now() < next_) return;
  shown_ = true;
  if (terminal_) {
    next_ = Clock::now() + kBarInterval;
    const std::size_t filled =
        kBarWidth * std::min(done, total_) / std::max<std::uint64_t>(total_, 1);
    std::array<char, 128> numbers{};
    std::snprintf(numbers.data(), numbers.size(), "] %llu/%llu repositories, %llu files, %.0f/s",
                  static_cast<unsigned long long>(done), static_cast<unsigned long long>(total_),
                  static_cast<unsigned long long>(files), static_cast<double>(files) / seconds());
    write_to_terminal(std::string(kClearLine)
                          .append(what_)
                          .append(" [")
                          .append(filled, '#')
                          .append(kBarWidth - filled, '.')
                          .append(numbers.data()));
  } else {
    next_ = Clock::now() + kLineInterval;
    log::info("reading the registry's tree", {{"repositories", static_cast<std::int64_t>(done)},
                                              {"of", static_cast<std::int64_t>(total_)},
                                              {"files", static_cast<std::int64_t>(files)},
                                              {"seconds", seconds()}});
  }
}

}  // namespace moorgate::distribution
