#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace moorgate::distribution {

/// How far a long walk is: a bar on standard error if that is a terminal, else a line in the log
/// now and then.
class Progress {
 public:
  /// `what` begins the line: "Adopting the registry". The total is of repositories.
  Progress(std::string_view what, std::uint64_t total);
  /// Takes the bar away.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::uint64_t done, std::uint64_t files);
  double seconds() const;

 private:
  using Clock = std::chrono::steady_clock;

  const std::string_view what_;
  const std::uint64_t total_;
  const bool terminal_;
  const Clock::time_point started_ = Clock::now();
  Clock::time_point next_;
  bool shown_ = false;
};

}  // namespace moorgate::distribution
