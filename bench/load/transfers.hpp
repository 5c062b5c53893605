#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "target.hpp"

namespace load {

/// Several clients that fetch the same body, each on its own connection and thread.
struct PullLoad {
  std::string request;
  std::uint64_t length = 0;  ///< What Content-Length must say.
  std::size_t clients = 1;
  std::string sha256;     ///< If given, the bodies are hashed and must have this digest.
  bool counting = false;  ///< Clients count TLS records instead of decrypting them.
};
void run_pulls(const Target& target, const PullLoad& load);

/// Several clients that push blobs nobody has pushed before, as docker does it: POST, PATCH, PUT.
struct PushLoad {
  std::string repository;
  std::string headers;  ///< Header lines for every request.
  std::uint64_t size = 0;
  std::size_t count = 1;  ///< Of blobs, shared out among the clients.
  std::size_t clients = 1;
  bool ask_first = false;  ///< HEAD before each blob, which must be unknown.
};
/// Prints, beside the times, the digests that were pushed.
void run_pushes(const Target& target, const PushLoad& load);

/// Connections that send one request each and then stay as they are until standard input ends.
struct HoldLoad {
  std::string request;
  int status = 200;
  std::size_t connections = 1;
  /// Of the body, how much is read before the connection rests; everything if nothing is given.
  std::uint64_t read = ~std::uint64_t{0};
};
/// Prints a line when all rest, and one at the end that tells how many the server has kept.
void run_hold(const Target& target, const HoldLoad& load);

/// One request for each line of standard input, which is a header line of its own.
struct EachLoad {
  std::string method_and_path;
  std::string headers;  ///< Header lines for every request.
  int status = 200;
  std::size_t connections = 1;
};
void run_each(const Target& target, const EachLoad& load);

}  // namespace load
