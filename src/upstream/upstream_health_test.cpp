#include "upstream/upstream_health.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <thread>

namespace moorgate::upstream {
namespace {

using std::chrono::milliseconds;

TEST(UpstreamHealth, OpensAfterFailuresInARowOnly) {
  UpstreamHealth health("http://registry");
  for (int i = 0; i < 3 * UpstreamHealth::kThreshold; ++i) {
    EXPECT_FALSE(health.failed(0, "refused"));
    if (i % UpstreamHealth::kThreshold == UpstreamHealth::kThreshold - 2) health.succeeded();
    if (i % UpstreamHealth::kThreshold == UpstreamHealth::kThreshold - 1) health.succeeded();
  }
  EXPECT_FALSE(health.open());
  int opened = 0;
  for (int i = 0; i < 10; ++i) opened += health.failed(1'000, "refused") ? 1 : 0;
  EXPECT_EQ(opened, 1) << "one prober only";
  EXPECT_TRUE(health.open());
  health.succeeded();
  EXPECT_FALSE(health.open());
}

TEST(UpstreamHealth, ASuccessClosesItWhateverOtherWorkersDidMeanwhile) {
  constexpr int kRounds = 2'000;
  UpstreamHealth health("http://registry");
  std::barrier turn(3);
  const auto worker = [&](auto act) {
    return std::thread([&turn, act] {
      for (int round = 0; round < kRounds; ++round) {
        turn.arrive_and_wait();
        act();
        turn.arrive_and_wait();
      }
    });
  };
  std::thread failing = worker([&health] { health.failed(0, "refused"); });
  std::thread succeeding = worker([&health] { health.succeeded(); });
  int shut_out = 0;
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 1; i < UpstreamHealth::kThreshold; ++i) health.failed(0, "refused");
    turn.arrive_and_wait();
    turn.arrive_and_wait();
    health.succeeded();
    shut_out += health.open() ? 1 : 0;
  }
  failing.join();
  succeeding.join();
  EXPECT_EQ(shut_out, 0);
}

TEST(UpstreamHealth, ProbesLessAndLessOften) {
  UpstreamHealth health("http://registry");
  EXPECT_EQ(health.wait(0), milliseconds(0));
  for (int i = 0; i < UpstreamHealth::kThreshold; ++i) health.failed(1'000, "refused");
  EXPECT_EQ(health.wait(1'000), milliseconds(1'000));
  EXPECT_EQ(health.wait(1'400), milliseconds(600));
  EXPECT_EQ(health.wait(5'000), milliseconds(0));
  for (const int expected : {2'000, 4'000, 8'000, 16'000, 30'000, 30'000}) {
    health.probe_failed(10'000);
    EXPECT_EQ(health.wait(10'000), milliseconds(expected));
  }
  health.succeeded();
  for (int i = 0; i < UpstreamHealth::kThreshold; ++i) health.failed(0, "refused");
  EXPECT_EQ(health.wait(0), milliseconds(1'000)) << "starts over";
}

}  // namespace
}  // namespace moorgate::upstream
