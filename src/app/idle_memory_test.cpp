#include "app/idle_memory.hpp"

#include <gtest/gtest.h>

namespace moorgate::app {
namespace {

/// Looks until it is time, `limit` times at most; how often it took.
int looks_until_due(IdleMemory& memory, std::size_t connections, int limit) {
  for (int look = 1; look <= limit; ++look) {
    if (memory.look(connections)) return look;
  }
  return 0;
}

TEST(IdleMemory, ComesBackOnceAfterABurst) {
  IdleMemory memory;
  EXPECT_FALSE(memory.look(500));
  EXPECT_EQ(looks_until_due(memory, 10, 100), 8);
  EXPECT_EQ(looks_until_due(memory, 10, 100), 0) << "nothing has come since";
  EXPECT_FALSE(memory.look(100));
  EXPECT_EQ(looks_until_due(memory, 0, 100), 8);
}

TEST(IdleMemory, IsLeftAloneUnderSteadyLoad) {
  IdleMemory memory;
  EXPECT_EQ(looks_until_due(memory, 500, 100), 0);
  EXPECT_EQ(looks_until_due(memory, 300, 100), 0);
}

TEST(IdleMemory, ComesBackOnceAfterACrowdHasSettled) {
  IdleMemory memory;
  for (const std::size_t connections : {2000, 4000, 6000, 8000}) {
    EXPECT_EQ(looks_until_due(memory, connections, 4), 0) << "they are still coming";
  }
  EXPECT_EQ(looks_until_due(memory, 8100, 100), 5);
  EXPECT_EQ(looks_until_due(memory, 8000, 100), 0) << "few have come since";
  EXPECT_EQ(looks_until_due(memory, 9500, 100), 9);
}

TEST(IdleMemory, WaitsForQuietWithoutInterruption) {
  IdleMemory memory;
  EXPECT_FALSE(memory.look(400));
  EXPECT_EQ(looks_until_due(memory, 0, 7), 0);
  EXPECT_FALSE(memory.look(200));
  EXPECT_EQ(looks_until_due(memory, 0, 100), 8);
}

TEST(IdleMemory, DoesNotCareAboutAFew) {
  IdleMemory memory;
  EXPECT_FALSE(memory.look(63));
  EXPECT_EQ(looks_until_due(memory, 0, 100), 0);
}

}  // namespace
}  // namespace moorgate::app
