#pragma once

#include <memory>

#include "api/gate.hpp"
#include "api/pipeline.hpp"
#include "http/server.hpp"
#include "net/worker.hpp"

namespace moorgate::app {

/// All that one worker needs to answer requests by itself. Built and destroyed by the main thread,
/// used on the worker's loop.
struct Shard {
  Shard(std::size_t index, net::Blocking& disk, log::Format format)
      : worker(std::make_unique<net::Worker>(index)), server(*worker, disk, format) {}
  ~Shard() {
    // Suspended connections are destroyed with the loop, while what they refer to still stands.
    worker.reset();
  }
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  std::unique_ptr<net::Worker> worker;
  std::unique_ptr<api::Gate> gate;
  std::shared_ptr<api::Pipeline> pipeline;
  std::shared_ptr<http::Handler> operations;
  /// Null where no proxy asks.
  std::shared_ptr<http::Handler> forward_auth;
  http::Server server;
};

}  // namespace moorgate::app
