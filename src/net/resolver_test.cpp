#include "net/resolver.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <string>

#include <boost/asio/co_spawn.hpp>

#include "net/blocking.hpp"
#include "net/worker.hpp"

namespace moorgate::net {
namespace {

class ResolverTest : public testing::Test {
 protected:
  ResolverTest() : pool_("names", 2, 16), worker_(std::make_unique<Worker>(0)) { worker_->start(); }
  ~ResolverTest() override {
    pool_.finish();
    worker_->stop();
    worker_.reset();
  }

  using Answer = Result<std::vector<Address>>;
  std::future<Answer> ask(Resolver& resolver, std::string host, std::uint16_t port = 5000) {
    auto result = std::make_shared<std::promise<Answer>>();
    boost::asio::co_spawn(worker_->context(), resolver.resolve(std::move(host), port),
                          [result](const std::exception_ptr&, Answer answer) {
                            result->set_value(std::move(answer));
                          });
    return result->get_future();
  }

  Blocking pool_;
  std::unique_ptr<Worker> worker_;
};

TEST_F(ResolverTest, NumbersAreNotLookedUp) {
  Resolver resolver(*worker_, pool_, [](const std::string&) -> Result<std::vector<Address>> {
    return failure(Code::internal, "asked");
  });
  EXPECT_EQ(ask(resolver, "10.1.2.3").get()->front().text(), "10.1.2.3:5000");
  EXPECT_EQ(ask(resolver, "::1").get()->front().text(), "[::1]:5000");
}

TEST_F(ResolverTest, SharesAndRemembersALookUpUntilItIsForgotten) {
  std::atomic<int> asked{0};
  std::promise<void> gate;
  auto open = gate.get_future().share();
  Resolver resolver(*worker_, pool_, [&asked, open](const std::string&) {
    open.wait();
    return Result<std::vector<Address>>(
        std::vector{*Address::from_ip("10.0.0." + std::to_string(++asked), 1)});
  });
  auto first = ask(resolver, "registry");
  auto second = ask(resolver, "registry", 6000);
  gate.set_value();
  EXPECT_EQ(first.get()->front().text(), "10.0.0.1:5000");
  EXPECT_EQ(second.get()->front().text(), "10.0.0.1:6000");
  EXPECT_EQ(ask(resolver, "registry").get()->front().text(), "10.0.0.1:5000");
  EXPECT_EQ(asked, 1);

  std::promise<void> forgotten;
  worker_->post([&] {
    resolver.forget("registry");
    forgotten.set_value();
  });
  forgotten.get_future().wait();
  EXPECT_EQ(ask(resolver, "registry").get()->front().text(), "10.0.0.2:5000");
}

TEST_F(ResolverTest, LooksAgainWhenWhatItKnowsIsNoLongerFresh) {
  std::atomic<int> asked{0};
  Resolver resolver(
      *worker_, pool_,
      [&asked](const std::string&) {
        return Result<std::vector<Address>>(
            std::vector{*Address::from_ip("10.0.0." + std::to_string(++asked), 1)});
      },
      std::chrono::milliseconds(0));
  EXPECT_EQ(ask(resolver, "registry").get()->front().text(), "10.0.0.1:5000");
  EXPECT_EQ(ask(resolver, "registry").get()->front().text(), "10.0.0.2:5000");
}

TEST_F(ResolverTest, AFailedLookUpLeavesWhatWasKnown) {
  std::atomic<bool> broken{true};
  Resolver resolver(*worker_, pool_, [&broken](const std::string&) -> Result<std::vector<Address>> {
    if (broken) return failure(Code::unavailable, "no such name", "no such name");
    return std::vector{*Address::from_ip("10.0.0.1", 1)};
  });
  const auto unknown = ask(resolver, "registry").get();
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Code::unavailable);
  broken = false;
  EXPECT_TRUE(ask(resolver, "registry").get());
  broken = true;
  std::promise<void> forgotten;
  worker_->post([&] {
    resolver.forget("registry");
    forgotten.set_value();
  });
  forgotten.get_future().wait();
  EXPECT_TRUE(ask(resolver, "registry").get());
}

TEST_F(ResolverTest, HoldsABoundedNumberOfHosts) {
  Resolver resolver(*worker_, pool_, [](const std::string&) {
    return Result<std::vector<Address>>(
        std::vector<Address>(100, *Address::from_ip("10.0.0.1", 1)));
  });
  for (std::size_t i = 0; i < 3 * Resolver::kMaxHosts; ++i) {
    EXPECT_EQ(ask(resolver, "host" + std::to_string(i)).get()->size(), Resolver::kMaxAddresses);
  }
}

TEST_F(ResolverTest, TheSystemKnowsLocalhost) {
  Resolver resolver(*worker_, pool_);
  const auto found = ask(resolver, "localhost").get();
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->front().is_loopback());
}

}  // namespace
}  // namespace moorgate::net
