#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/log.hpp"

namespace moorgate::http {

class Exchange;

/// One line for each request. A worker collects its lines and hands them over in batches, so that
/// a busy loop neither locks nor writes for them; lines of different workers are therefore in order
/// only to a tick of theirs. One per worker.
class AccessLog {
 public:
  explicit AccessLog(log::Format format) : format_(format) {}
  ~AccessLog() { flush(); }
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void add(const Exchange& exchange, std::chrono::microseconds duration);
  /// Called on every tick of the worker.
  void flush();

 private:
  std::string_view timestamp();

  const log::Format format_;
  std::string lines_;
  std::int64_t stamped_second_ = -1;
  std::string stamp_;
};

}  // namespace moorgate::http
