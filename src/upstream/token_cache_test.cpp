#include "upstream/token_cache.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>

#include "http/raw_server_test_kit.hpp"
#include "net/event.hpp"

namespace moorgate::upstream {
namespace {

using http::ClientResult;
using std::chrono::milliseconds;

/// A token service that counts; its first answer may be held back.
struct Service {
  explicit Service(net::Worker& worker) : gate(worker, net::Event::kForever) {}

  static Task<ClientResult<Token>> answer(Service& service, std::string scope) {
    const int number = ++service.asked;
    if (service.held_back) co_await service.gate.wait();
    if (service.refuses) {
      co_return http::client_failure(http::ClientFailure::Kind::credentials, "wrong password");
    }
    Token token;
    token.value = Secret(scope + "#" + std::to_string(number));
    token.lifetime = service.lifetime;
    co_return token;
  }

  net::Event gate;
  int asked = 0;
  bool held_back = false;
  bool refuses = false;
  milliseconds lifetime{60'000};
};

class TokenCacheTest : public http::ClientTest {
 protected:
  TokenCacheTest()
      : service_(std::make_unique<Service>(*worker_)),
        cache_(std::make_unique<TokenCache>(*worker_, [this](std::string scope) {
          return Service::answer(*service_, std::move(scope));
        })) {}
  ~TokenCacheTest() override {
    worker_->stop();
    service_.reset();
  }

  std::string get(const std::string& scope) {
    const auto token = run(cache_->get(scope));
    return token ? std::string(token->reveal()) : token.error().error.message;
  }
  std::future<std::string> begin(const std::string& scope) {
    auto result = std::make_shared<std::promise<std::string>>();
    boost::asio::co_spawn(worker_->context(), cache_->get(scope),
                          [result](const std::exception_ptr&, ClientResult<Secret> token) {
                            result->set_value(std::string(token->reveal()));
                          });
    return result->get_future();
  }
  int asked() {
    int count = 0;
    on_loop([&] { count = service_->asked; });
    return count;
  }

  std::unique_ptr<Service> service_;
  std::unique_ptr<TokenCache> cache_;
};

TEST_F(TokenCacheTest, KeepsATokenForItsScope) {
  EXPECT_EQ(get("a"), "a#1");
  EXPECT_EQ(get("b"), "b#2");
  EXPECT_EQ(get("a"), "a#1");
  on_loop([&] { cache_->drop("a"); });
  EXPECT_EQ(get("a"), "a#3");
  EXPECT_EQ(get("b"), "b#2");
  on_loop([&] { cache_->clear(); });
  EXPECT_EQ(get("b"), "b#4");
}

TEST_F(TokenCacheTest, AsksOnceForAllWhoWait) {
  on_loop([&] { service_->held_back = true; });
  auto first = begin("a");
  auto second = begin("a");
  on_loop([&] { service_->gate.set(); });
  EXPECT_EQ(first.get(), "a#1");
  EXPECT_EQ(second.get(), "a#1");
}

TEST_F(TokenCacheTest, AsksInTimeForTheNext) {
  on_loop([&] { service_->lifetime = milliseconds(12'000); });
  EXPECT_EQ(get("a"), "a#1");
  // Three quarters of its life are over when this ends, but not all of it, not even on a machine
  // that is a second late.
  std::this_thread::sleep_for(milliseconds(9'100));
  EXPECT_EQ(get("a"), "a#1") << "nobody waits for the next one";
  while (asked() < 2) std::this_thread::yield();
  EXPECT_EQ(get("a"), "a#2");
}

TEST_F(TokenCacheTest, NeverHandsOutWhatIsOver) {
  on_loop([&] { service_->lifetime = milliseconds(1'000); });
  EXPECT_EQ(get("a"), "a#1");
  EXPECT_EQ(get("a"), "a#2") << "less than a second is too little to start with";
}

TEST_F(TokenCacheTest, RemembersARefusalForAWhile) {
  on_loop([&] { service_->refuses = true; });
  EXPECT_EQ(get("a"), "wrong password");
  EXPECT_EQ(get("a"), "wrong password");
  EXPECT_EQ(asked(), 1);
  on_loop([&] {
    service_->refuses = false;
    cache_->clear();
  });
  EXPECT_EQ(get("a"), "a#2");
}

TEST_F(TokenCacheTest, HoldsABoundedNumberOfScopes) {
  for (std::size_t i = 0; i < TokenCache::kMaxScopes + 10; ++i) get(std::to_string(i));
  std::size_t size = 0;
  on_loop([&] { size = cache_->size(); });
  EXPECT_LE(size, TokenCache::kMaxScopes);
}

TEST_F(TokenCacheTest, MayDieWhileItAsks) {
  on_loop([&] { service_->held_back = true; });
  auto waiting = begin("a");
  on_loop([&] { cache_.reset(); });
  on_loop([&] { service_->gate.set(); });
  EXPECT_EQ(waiting.get(), "a#1");
}

}  // namespace
}  // namespace moorgate::upstream
