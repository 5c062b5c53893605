#include "net/blocking.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <string>

namespace moorgate::net {
namespace {

int niceness_here() {
  return ::getpriority(PRIO_PROCESS, 0);
}

int niceness_of(Blocking& pool) {
  std::promise<int> seen;
  EXPECT_TRUE(pool.post([&seen] { seen.set_value(niceness_here()); }));
  return seen.get_future().get();
}

TEST(Blocking, OnlyItsOwnThreadsStandBack) {
  const int before = niceness_here();
  Blocking alike("alike", 1, 1);
  Blocking behind("behind", 1, 1, 3);
  EXPECT_EQ(niceness_of(behind), std::min(before + 3, 19));
  EXPECT_EQ(niceness_of(alike), before);
  EXPECT_EQ(niceness_here(), before);
}

TEST(Blocking, RefusesWhatIsTooMuchAndFinishesWhatItTook) {
  std::promise<void> gate;
  auto open = gate.get_future().share();
  std::promise<void> begun;
  std::atomic<int> done = 0;
  Blocking pool("pool", 1, 1);
  ASSERT_TRUE(pool.post([&] {
    begun.set_value();
    open.wait();
    ++done;
  }));
  begun.get_future().wait();
  EXPECT_TRUE(pool.post([&] { ++done; }));
  EXPECT_EQ(pool.queued(), 1);
  EXPECT_FALSE(pool.post([&] { ++done; }));
  gate.set_value();
  pool.finish();
  EXPECT_EQ(done, 2);
  EXPECT_FALSE(pool.post([] {}));
}

TEST(Blocking, TheRestOfAJobComesBehindWhatIsQueuedHoweverMuchThatIs) {
  std::string order;
  std::promise<void> ended;
  Blocking pool("pool", 1, 1);
  ASSERT_TRUE(pool.post([&] {
    order += 'a';
    EXPECT_TRUE(pool.post([&] { order += 'b'; }));
    EXPECT_FALSE(pool.post([&] { order += 'x'; }));
    pool.post_rest([&] {
      order += 'c';
      ended.set_value();
    });
  }));
  ended.get_future().wait();
  EXPECT_EQ(order, "abc");
}

}  // namespace
}  // namespace moorgate::net
