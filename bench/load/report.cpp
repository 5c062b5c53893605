#include "report.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <barrier>
#include <cmath>
#include <cstdio>
#include <mutex>
#include <thread>

namespace load {

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Report& Report::add(std::string_view name, double value) {
  char number[32];
  std::snprintf(number, sizeof number, "%.9g", value);
  text_.append(text_.empty() ? "" : ", ").append("\"").append(name).append("\": ").append(number);
  return *this;
}

Report& Report::add(std::string_view name, const std::vector<std::string>& values) {
  text_.append(text_.empty() ? "" : ", ").append("\"").append(name).append("\": [");
  for (std::size_t i = 0; i < values.size(); ++i) {
    text_.append(i == 0 ? "" : ", ").append("\"").append(values[i]).append("\"");
  }
  text_ += "]";
  return *this;
}

Report& Report::add_latencies(std::vector<std::uint32_t> microseconds) {
  if (microseconds.empty()) return *this;
  std::ranges::sort(microseconds);
  const auto at = [&](double share) {
    const auto last = static_cast<double>(microseconds.size() - 1);
    return microseconds[static_cast<std::size_t>(std::lround(share * last))] / 1000.0;
  };
  return add("p50_ms", at(0.5)).add("p90_ms", at(0.9)).add("p99_ms", at(0.99)).add("max_ms", at(1));
}

void Report::print() const {
  std::printf("{%s}\n", text_.c_str());
  std::fflush(stdout);
}

Took run_together(std::size_t count, const std::function<void(std::size_t)>& prepare,
                  const std::function<void(std::size_t)>& work) {
  std::mutex mutex;
  std::exception_ptr failure;
  bool failed = false;
  Clock::time_point start;
  double cpu = 0;
  std::barrier prepared(static_cast<std::ptrdiff_t>(count), [&]() noexcept {
    failed = failure != nullptr;
    start = Clock::now();
    cpu = cpu_seconds();
  });
  const auto guarded = [&](const std::function<void(std::size_t)>& step, std::size_t index) {
    try {
      step(index);
    } catch (...) {
      const std::scoped_lock lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    threads.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      threads.emplace_back([&, i] {
        guarded(prepare, i);
        prepared.arrive_and_wait();
        if (!failed) guarded(work, i);
      });
    }
  }
  const Took took{.seconds = seconds_since(start), .cpu = cpu_seconds() - cpu};
  if (failure) std::rethrow_exception(failure);
  return took;
}

}  // namespace load
