#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "app/app_config.hpp"
#include "app/file_watch.hpp"
#include "app/shape.hpp"
#include "app/shard.hpp"
#include "auth/login_throttle.hpp"
#include "auth/users.hpp"
#include "base/error.hpp"
#include "net/blocking.hpp"
#include "net/listener.hpp"

namespace moorgate::app {

/// The running program: its shape, workers, listeners, and the main thread that watches signals and
/// files. Everything here belongs to the main thread; workers get work posted.
class App {
 public:
  /// Opens what stands behind the gate, loads users and certificates, binds the listeners. Nothing
  /// is served yet. `file` is read again on SIGHUP (empty: the embedded defaults).
  static Result<std::unique_ptr<App>> open(std::filesystem::path file, AppConfig config,
                                           log::Format format);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  /// Serves until SIGTERM or SIGINT, drains, and returns the exit code. prepare_process() must have
  /// been called before any thread was started.
  int run();
  static void prepare_process();

  /// The TLS address and the user to show to somebody who tries Moorgate for the first time.
  const net::Address& first_address() const noexcept { return doors_.front().listener->address(); }

 private:
  /// A listening socket and what its connections are for.
  struct Door {
    enum class Purpose : std::uint8_t { registry, forward_auth, metrics };
    std::unique_ptr<net::Listener> listener;
    Purpose purpose = Purpose::registry;
    bool tls = false;
    bool proxy_header = false;
  };

  App(std::filesystem::path file, AppConfig config, log::Format format);
  Result<> open_shape();
  Result<> load_users();
  Result<> load_certificates();
  Result<> open_door(const ListenConfig& listen, Door::Purpose purpose);
  Result<> bind();
  void make_shards();
  std::vector<api::Pipeline::Page> operations_pages(
      const std::shared_ptr<http::Handler>& handler) const;
  std::size_t connection_limit() const;
  void start_listeners();
  static std::shared_ptr<http::Handler> handler_for(Door::Purpose purpose, const Shard& shard);
  void announce() const;
  FileWatch watch_for(const AppConfig& config);
  void reload_config();
  void reload_certificates();
  void reload_users(const std::filesystem::path& htpasswd);
  void report_unchangeable(const AppConfig& fresh) const;
  void drain();
  std::size_t connections() const noexcept;
  void each_shard(const std::function<void(Shard&)>& work);

  const std::filesystem::path file_;
  AppConfig config_;
  const log::Format format_;

  std::unique_ptr<net::Blocking> disk_;
  std::unique_ptr<net::Blocking> hashing_;
  std::unique_ptr<Shape> shape_;
  std::shared_ptr<auth::UserSources> users_;
  std::shared_ptr<auth::LoginThrottle> throttle_;
  std::shared_ptr<const access::Policy> policy_;
  std::shared_ptr<const http::TrustedProxies> proxies_;
  std::shared_ptr<const net::TlsContext> tls_;
  std::atomic<bool> serving_ = false;
  FileWatch watch_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<Door> doors_;
};

}  // namespace moorgate::app
