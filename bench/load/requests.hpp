#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "target.hpp"

namespace load {

/// The same request again and again on several connections, from one thread.
struct RequestLoad {
  std::string request;    ///< As it goes over the wire.
  bool bodiless = false;  ///< HEAD: the length is announced, no body follows.
  int status = 200;
  std::uint64_t length = 0;  ///< Of the body; Content-Length must say so unless it comes in chunks.
  std::size_t connections = 16;
  double seconds = 1;   ///< At least; SIGTERM ends it earlier.
  bool fresh = false;   ///< A new connection for each request; the clock includes the handshake.
  bool resume = false;  ///< With `fresh`: resume a TLS session.
};

/// Prints rate, latencies and bytes; WrongAnswer at the first answer that is not the one wanted.
void run_requests(const Target& target, const RequestLoad& load);

}  // namespace load
