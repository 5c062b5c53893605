#include "app/app.hpp"

#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <utility>

#include "admin/operations.hpp"
#include "api/forward_auth_endpoint.hpp"
#include "app/beside_shape.hpp"
#include "app/gateway_shape.hpp"
#include "app/registry_shape.hpp"
#include "auth/challenge.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace moorgate::app {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::size_t kDiskThreads = 8;
constexpr std::size_t kDiskQueue = 16'384;
/// Seconds of work, not minutes: clients give up on a login after 15 s.
constexpr std::size_t kHashQueue = 256;
/// Whoever sends passwords, right or wrong, takes little time from those who pull and push.
constexpr int kHashNiceness = 10;
/// Health and metrics are still answered when all other connections are taken.
constexpr std::size_t kOperationsReserve = 64;
/// A certificate that ends within this time is worth a warning.
constexpr std::int64_t kExpirySoon = 14LL * 24 * 3600;

std::size_t worker_count(std::size_t configured) {
  return configured != 0 ? configured : std::max(1U, std::thread::hardware_concurrency());
}

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

void report(const std::vector<config::Problem>& problems, log::Level level,
            std::string_view message) {
  for (const auto& problem : problems) {
    log::write(level, message, {{"problem", to_string(problem)}});
  }
}

Error joined(std::string_view what, const std::vector<config::Problem>& problems) {
  std::string text(what);
  for (const auto& problem : problems) text += "\n  " + to_string(problem);
  return {Code::bad_request, std::move(text)};
}

void report_certificates(const net::TlsContext& tls) {
  const std::int64_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  for (const auto& facts : tls.certificates()) {
    const std::string expires = to_rfc3339(facts.expires);
    if (facts.expires <= now) {
      log::error("the TLS certificate has expired; clients will refuse it",
                 {{"certificate", facts.origin}, {"expired", expires}});
    } else if (facts.expires - now < kExpirySoon) {
      log::warning("the TLS certificate expires soon",
                   {{"certificate", facts.origin}, {"expires", expires}});
    }
  }
}

}  // namespace

App::App(std::filesystem::path file, AppConfig config, log::Format format)
    : file_(std::move(file)),
      config_(std::move(config)),
      format_(format),
      disk_(std::make_unique<net::Blocking>("disk", kDiskThreads, kDiskQueue)),
      hashing_(
          std::make_unique<net::Blocking>("hashing", worker_count(0), kHashQueue, kHashNiceness)),
      throttle_(std::make_shared<auth::LoginThrottle>(auth::LoginThrottle::Options{})),
      policy_(std::make_shared<access::Policy>(config_.access)),
      proxies_(std::make_shared<http::TrustedProxies>(config_.trusted_proxies)) {}

App::~App() {
  // What the pools still finish is handed to loops that are stopped but there.
  for (const auto& shard : shards_) shard->worker->stop();
  hashing_->finish();
  disk_->finish();
  if (shape_) shape_->close();
  // Their sockets belong to the workers' loops.
  doors_.clear();
  shards_.clear();
}

void App::prepare_process() {
  // A descriptor for each connection, open blob and parked upload.
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);

  // Setting it at all keeps the allocator from raising it: what is larger goes back when freed.
  ::mallopt(M_MMAP_THRESHOLD, 128 << 10);

  const sigset_t set = watched_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

Result<std::unique_ptr<App>> App::open(std::filesystem::path file, AppConfig config,
                                       log::Format format) {
  std::unique_ptr<App> app(new App(std::move(file), std::move(config), format));
  // Watched before they are read: a change in between is seen.
  app->watch_ = app->watch_for(app->config_);
  for (auto step : {&App::open_shape, &App::load_users, &App::load_certificates, &App::bind}) {
    if (auto done = (app.get()->*step)(); !done) return failure(std::move(done).error());
  }
  app->make_shards();
  return app;
}

Result<> App::open_shape() {
  if (config_.is_beside()) {
    shape_ = std::make_unique<BesideShape>();
    return {};
  }
  auto shape = config_.behind ? GatewayShape::open(config_) : RegistryShape::open(config_, *disk_);
  if (!shape) return failure(std::move(shape).error());
  shape_ = std::move(*shape);
  return {};
}

Result<> App::load_users() {
  auth::UserProblems problems;
  users_ = auth::UserSources::open(config_.users, *hashing_, problems);
  report(problems.warnings, log::Level::warning, "a user cannot sign in");
  if (!users_) return failure(joined("the users cannot be loaded:", problems.errors));
  if (!config_.users.sign_in) {
    log::warning(
        "nobody has to sign in: whoever reaches this registry may do all that access lets anyone "
        "do; "
        "configure users and take sign_in out to change that");
  }
  if (!config_.access.rules_given && !config_.admin_was_generated) {
    log::warning("no access rules are configured: every signed-in user may pull, nobody may push");
  }
  return {};
}

Result<> App::load_certificates() {
  if (!config_.needs_tls()) return {};
  auto tls = net::TlsContext::load(config_.certificates);
  if (!tls) return failure(std::move(tls).error());
  tls_ = std::move(*tls);
  report_certificates(*tls_);
  return {};
}

Result<> App::open_door(const ListenConfig& listen, Door::Purpose purpose) {
  const net::Address& address = listen.socket.address;
  const bool exposed = !address.is_unix() && !address.is_loopback();
  auto listener = net::Listener::open(listen.socket);
  if (!listener) return failure(std::move(listener).error());
  if (exposed && !listen.tls && purpose != Door::Purpose::metrics) {
    log::warning("passwords cross the network in clear on a listener without TLS",
                 {{"address", (*listener)->address().text()}});
  }
  doors_.push_back({.listener = std::move(*listener),
                    .purpose = purpose,
                    .tls = listen.tls,
                    .proxy_header = listen.proxy_protocol});
  return {};
}

Result<> App::bind() {
  for (const auto& item : config_.listen) {
    if (auto opened = open_door(item, Door::Purpose::registry); !opened) return opened;
  }
  if (config_.forward_auth) {
    const ListenConfig questions{.socket = config_.forward_auth->socket, .tls = false};
    auto opened = open_door(questions, Door::Purpose::forward_auth);
    if (!opened) return opened;
  }
  if (!config_.metrics) return {};
  ListenConfig metrics;
  metrics.tls = false;
  metrics.socket.address = *config_.metrics;
  return open_door(metrics, Door::Purpose::metrics);
}

void App::make_shards() {
  for (std::size_t i = 0; i < worker_count(config_.workers); ++i) {
    auto shard = std::make_unique<Shard>(i, *disk_, format_);
    shard->gate = std::make_unique<api::Gate>(
        api::Gate::Parts{.authenticator = std::make_unique<auth::CachedAuthenticator>(
                             users_, throttle_, auth::VerifiedCredentialCache::Options{}),
                         .authorizer = std::make_unique<access::Authorizer>(policy_),
                         .challenge = auth::basic_challenge(config_.realm),
                         .sign_in = config_.users.sign_in});
    shard->operations =
        std::make_shared<admin::Operations>([this] { return shape_->check(); }, serving_);
    shard->pipeline = std::make_shared<api::Pipeline>(
        *shard->gate, shape_->make_backend(*shard->worker, shard->gate->authorizer()),
        operations_pages(shard->operations));
    if (config_.forward_auth) {
      shard->forward_auth =
          std::make_shared<api::ForwardAuthEndpoint>(*shard->gate, config_.forward_auth->asked_by);
    }
    shard->server.use(shard->pipeline);
    shard->server.use(config_.limits);
    shard->server.use(tls_);
    shard->server.use(proxies_);
    shard->server.on_finished(&admin::count_request);
    shards_.push_back(std::move(shard));
  }
}

std::vector<api::Pipeline::Page> App::operations_pages(
    const std::shared_ptr<http::Handler>& handler) const {
  std::vector<api::Pipeline::Page> pages = {
      {.path = "/healthz", .sign_in_needed = false, .handler = handler},
      {.path = "/readyz", .sign_in_needed = false, .handler = handler}};
  if (!config_.metrics) pages.push_back({.path = "/metrics", .handler = handler});
  return pages;
}

/// No more connections than there are descriptors for them, and for the files of every third one
/// (most are idle, and who finds no descriptor left is told to come again), or for one to the
/// registry behind for each.
std::size_t App::connection_limit() const {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const std::size_t room =
      files.rlim_cur > 1024 ? (files.rlim_cur - 512) / 4 * (config_.behind ? 2 : 3) : 256;
  if (room < config_.limits.connections) {
    log::warning(
        "fewer connections than configured: the limit on open files is too low; raise it "
        "(LimitNOFILE= of systemd, ulimit -n) or lower limits.connections",
        {{"connections", static_cast<std::int64_t>(room)},
         {"open_files", static_cast<std::int64_t>(files.rlim_cur)}});
  }
  return std::min(room, config_.limits.connections);
}

void App::start_listeners() {
  const std::size_t limit = connection_limit();
  std::vector<net::Worker*> workers;
  workers.reserve(shards_.size());
  for (const auto& shard : shards_) workers.push_back(shard->worker.get());
  for (const auto& door : doors_) {
    const auto transport = door.tls ? http::Server::Transport::tls : http::Server::Transport::plain;
    const std::size_t reserve = door.purpose == Door::Purpose::metrics ? kOperationsReserve : 0;
    door.listener->start(workers, limit + reserve,
                         [this, transport, &door](net::Worker& worker, net::AcceptedSocket socket) {
                           socket.proxy_header = door.proxy_header;
                           Shard& shard = *shards_[worker.index()];
                           shard.server.serve(std::move(socket), transport,
                                              handler_for(door.purpose, shard));
                         });
  }
}

/// Null: whatever the server's own handler is at the time.
std::shared_ptr<http::Handler> App::handler_for(Door::Purpose purpose, const Shard& shard) {
  switch (purpose) {
    case Door::Purpose::forward_auth:
      return shard.forward_auth;
    case Door::Purpose::metrics:
      return shard.operations;
    case Door::Purpose::registry:
      break;
  }
  return nullptr;
}

void App::announce() const {
  static constexpr std::array<std::string_view, 3> kPurposes = {"registry", "forward_auth",
                                                                "metrics"};
  for (const auto& door : doors_) {
    log::info("listening", {{"address", door.listener->address().text()},
                            {"tls", door.tls},
                            {"purpose", kPurposes.at(static_cast<std::size_t>(door.purpose))}});
  }
  log::info("ready",
            {{"storage", shape_->place()}, {"workers", static_cast<std::int64_t>(shards_.size())}});
}

int App::run() {
  for (const auto& shard : shards_) shard->worker->start();
  start_listeners();
  serving_ = true;
  announce();
  IdleMemory::forget_start();

  const sigset_t set = watched_signals();
  while (true) {
    const timespec second{.tv_sec = 1, .tv_nsec = 0};
    const int number = ::sigtimedwait(&set, nullptr, &second);
    if (number == SIGTERM || number == SIGINT) break;
    if (number == SIGHUP) reload_config();
    watch_.look();
    if (idle_memory_.look(connections())) IdleMemory::release();
    shape_->look_after(*shards_.front()->worker);
  }
  drain();
  return 0;
}

void App::each_shard(const std::function<void(Shard&)>& work) {
  for (const auto& shard : shards_) {
    shard->worker->post([&target = *shard, work] { work(target); });
  }
}

FileWatch App::watch_for(const AppConfig& config) {
  FileWatch watch;
  for (const auto& [file, schemes] : config.users.htpasswd) {
    watch.add({file}, [this, path = file] { reload_users(path); });
  }
  std::vector<std::filesystem::path> certificates;
  for (const auto& files : config.certificates) {
    certificates.push_back(files.certificate);
    certificates.push_back(files.key);
  }
  if (config.needs_tls()) watch.add(std::move(certificates), [this] { reload_certificates(); });
  return watch;
}

void App::reload_users(const std::filesystem::path& htpasswd) {
  const auto problems = users_->reload(htpasswd);
  report(problems.warnings, log::Level::warning, "a user cannot sign in");
  report(problems.errors, log::Level::error,
         "the changed user file cannot be used; the users known so far stay in force");
  if (problems.errors.empty()) log::info("users reloaded", {{"file", htpasswd.native()}});
}

void App::reload_certificates() {
  auto fresh = net::TlsContext::load(config_.certificates);
  if (!fresh) {
    log::error("the changed TLS certificate cannot be used; the one before stays in force",
               {{"error", fresh.error().message}});
    return;
  }
  tls_ = std::move(*fresh);
  report_certificates(*tls_);
  each_shard([tls = tls_](Shard& shard) { shard.server.use(tls); });
  log::info("certificates reloaded", {{"serial", tls_->certificates().front().serial}});
}

void App::report_unchangeable(const AppConfig& fresh) const {
  const auto same_listeners = [](const AppConfig& a, const AppConfig& b) {
    return std::ranges::equal(a.listen, b.listen, [](const ListenConfig& x, const ListenConfig& y) {
      return x.tls == y.tls && x.proxy_protocol == y.proxy_protocol &&
             x.socket.address.text() == y.socket.address.text() && x.socket.mode == y.socket.mode &&
             x.socket.owner == y.socket.owner && x.socket.group == y.socket.group;
    });
  };
  const auto upload_key = [](const AppConfig& c) {
    return c.behind ? c.behind->gateway.upload_key.reveal() : std::string_view();
  };
  const auto metrics_text = [](const AppConfig& c) { return c.metrics ? c.metrics->text() : ""; };
  const auto questions = [](const AppConfig& c) {
    return c.forward_auth
               ? std::pair(c.forward_auth->socket.address.text(), c.forward_auth->asked_by)
               : std::pair(std::string(), api::AskedBy::nginx);
  };
  if (!same_listeners(config_, fresh) || metrics_text(config_) != metrics_text(fresh) ||
      questions(config_) != questions(fresh) || config_.storage.root != fresh.storage.root ||
      config_.behind.has_value() != fresh.behind.has_value() ||
      upload_key(config_) != upload_key(fresh) ||
      config_.storage.keep_links != fresh.storage.keep_links || config_.workers != fresh.workers ||
      config_.realm != fresh.realm || config_.limits.connections != fresh.limits.connections) {
    log::warning(
        "changes of listen, forward_auth, metrics, storage, workers, realm, limits.connections or "
        "upstream.upload_key, and to or from upstream, need a restart");
  }
}

void App::reload_config() {
  LoadedConfig loaded = load_config(file_);
  if (!loaded.problems.empty()) {
    report(loaded.problems, log::Level::error,
           "the changed configuration cannot be used; the one before stays in force");
    return;
  }
  AppConfig& fresh = loaded.config;
  if (fresh.generated_admin() && !config_.admin_was_generated) {
    // The built-in administrator's rights must not fall to whoever has that name in the old file.
    log::error("the changed configuration names no users; the one before stays in force");
    return;
  }
  // The sockets stay as they are until a restart, whatever the new file says about them.
  const std::string_view flaw =
      flaw_of_user_header(fresh.trusted_proxies, config_.listen, config_.forward_auth.has_value());
  if (!flaw.empty()) {
    log::error("the changed configuration needs a restart; the one before stays in force",
               {{"problem", flaw}});
    return;
  }
  if (fresh.users.sign_in != config_.users.sign_in) {
    log::error(
        "whether anybody has to sign in changes only with a restart; the configuration before "
        "stays in force");
    return;
  }
  report_unchangeable(fresh);
  const bool generated_admin = fresh.generated_admin();
  if (generated_admin) fresh.users = config_.users;
  if (fresh.certificates.empty()) fresh.certificates = config_.certificates;

  FileWatch watch = watch_for(fresh);
  auth::UserProblems problems;
  auto users = auth::UserSources::open(fresh.users, *hashing_, problems);
  report(problems.warnings, log::Level::warning, "a user cannot sign in");
  std::shared_ptr<const net::TlsContext> tls;
  if (tls_) {
    auto loaded_tls = net::TlsContext::load(fresh.certificates);
    if (loaded_tls) {
      tls = std::move(*loaded_tls);
    } else {
      problems.errors.emplace_back().message = loaded_tls.error().message;
    }
  }
  if (!problems.errors.empty()) {
    report(problems.errors, log::Level::error,
           "the changed configuration cannot be used; the one before stays in force");
    return;
  }
  config_.users = fresh.users;
  config_.admin_was_generated = generated_admin;
  config_.access = fresh.access;
  config_.certificates = fresh.certificates;
  config_.limits = fresh.limits;
  config_.trusted_proxies = fresh.trusted_proxies;
  config_.storage.upload_expiry = fresh.storage.upload_expiry;
  config_.public_url = fresh.public_url;
  if (config_.behind && fresh.behind) config_.behind = fresh.behind;
  config_.shutdown_timeout = fresh.shutdown_timeout;
  shape_->use(config_);
  users_ = std::move(users);
  tls_ = std::move(tls);
  policy_ = std::make_shared<access::Policy>(config_.access);
  proxies_ = std::make_shared<http::TrustedProxies>(config_.trusted_proxies);
  each_shard([users = users_, policy = policy_, tls = tls_, proxies = proxies_,
              limits = config_.limits](Shard& shard) {
    shard.gate->replace(users, policy);
    shard.server.use(proxies);
    shard.server.use(tls);
    shard.server.use(limits);
  });
  watch_ = std::move(watch);
  log::info("configuration reloaded", {{"file", file_.native()}});
}

std::size_t App::connections() const noexcept {
  std::size_t sum = 0;
  for (const auto& shard : shards_) sum += shard->worker->connections.load();
  return sum;
}

/// New connections are refused at once; requests under way may finish.
void App::drain() {
  log::info("stopping", {{"connections", static_cast<std::int64_t>(connections())}});
  serving_ = false;
  for (const auto& door : doors_) door.listener->stop();
  each_shard([](Shard& shard) { shard.server.drain(); });
  const auto wait_for_all = [this](seconds patience) {
    const auto until = steady_clock::now() + patience;
    while (connections() > 0 && steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return connections() == 0;
  };
  if (!wait_for_all(config_.shutdown_timeout)) {
    log::warning("requests still under way are cut off",
                 {{"connections", static_cast<std::int64_t>(connections())}});
    each_shard([](Shard& shard) { shard.server.abort_all(); });
    if (!wait_for_all(seconds(5))) {
      // A request hangs inside. Everything acknowledged is durable; taking the process apart under
      // a running request is the greater risk.
      log::error("stopped without waiting any longer");
      log::stop();
      std::_Exit(1);
    }
  }
  log::info("stopped");
}

}  // namespace moorgate::app
