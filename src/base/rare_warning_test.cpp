#include "base/rare_warning.hpp"

#include <gtest/gtest.h>

namespace moorgate::log {
namespace {

TEST(RareWarning, IsDueOncePerIntervalAndCountsTheRest) {
  RareWarning warning("too often", std::chrono::seconds(10));
  const RareWarning::Clock::time_point start(std::chrono::hours(1));
  EXPECT_EQ(warning.due(start), 0);
  EXPECT_EQ(warning.due(start), std::nullopt);
  EXPECT_EQ(warning.due(start + std::chrono::milliseconds(9999)), std::nullopt);
  EXPECT_EQ(warning.due(start + std::chrono::seconds(10)), 2);
  EXPECT_EQ(warning.due(start + std::chrono::seconds(25)), 0);
}

}  // namespace
}  // namespace moorgate::log
