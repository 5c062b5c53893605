#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace load {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// CPU seconds of this process so far.
double cpu_seconds();

/// One line of JSON on standard output: what a run has measured.
class Report {
 public:
  Report& add(std::string_view name, double value);
  Report& add(std::string_view name, const std::vector<std::string>& values);
  /// p50, p90, p99 and the maximum, in milliseconds.
  Report& add_latencies(std::vector<std::uint32_t> microseconds);
  void print() const;

 private:
  std::string text_;
};

/// What the load took: wall clock and this process's CPU.
struct Took {
  double seconds = 0;
  double cpu = 0;
};

/// Runs work(0) … work(count - 1) on as many threads, which start together once all `prepare` calls
/// have returned. Measures from that start to the last end; rethrows the first failure.
Took run_together(std::size_t count, const std::function<void(std::size_t)>& prepare,
                  const std::function<void(std::size_t)>& work);

}  // namespace load
