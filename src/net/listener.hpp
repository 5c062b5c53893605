#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "net/address.hpp"
#include "net/stream.hpp"
#include "net/worker.hpp"

namespace moorgate::net {

/// A bound, listening socket that spreads connections evenly over the workers.
class Listener {
 public:
  struct Options {
    Address address;
    /// Unix sockets: mode of the file, and its owner where given.
    mode_t mode = 0660;
    std::optional<uid_t> owner = std::nullopt;
    std::optional<gid_t> group = std::nullopt;
    int backlog = 1024;
  };
  /// Runs on the loop of the worker that got the connection.
  using Accepted = std::function<void(Worker&, AcceptedSocket)>;

  /// Binds at once, so that "address in use" is an error of the start. A stale socket file (no
  /// process behind it) is replaced, a live one is refused. Where the kernel knows no IPv6, all
  /// addresses (`:5000`) are those of IPv4.
  static Result<std::unique_ptr<Listener>> open(Options options);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// With the port the kernel chose where 0 was asked for.
  const Address& address() const noexcept;

  /// `workers`, the first few of which accept, have their loops until the listener is gone. Past
  /// `connection_limit` connections in all (a few more where several accept at the same moment),
  /// new ones wait in the backlog.
  void start(std::vector<Worker*> workers, std::size_t connection_limit, Accepted accepted);
  /// No connection is taken afterwards but those that are being accepted already. Any thread.
  void stop();

 private:
  struct Impl;
  explicit Listener(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace moorgate::net
