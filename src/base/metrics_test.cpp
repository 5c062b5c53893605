#include "base/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <thread>

namespace moorgate::metrics {
namespace {

using testing::ElementsAre;

Family family(std::string_view name) {
  auto all = collect();
  const auto found = std::ranges::find(all, name, &Family::name);
  return found == all.end() ? Family{} : *found;
}

TEST(Counter, AddsUpWhatManyThreadsCount) {
  Counter& pulls = counter("test_threads_total", "help");
  std::vector<std::jthread> threads;
  threads.reserve(40);
  for (int t = 0; t < 40; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) pulls.add();
    });
  }
  threads.clear();
  pulls.add(5);
  EXPECT_EQ(pulls.value(), 40'005U);
}

TEST(Gauge, MayGoUpHereAndDownThere) {
  Gauge& open = gauge("test_open", "help");
  open.add(3);
  std::jthread([&] { open.subtract(5); }).join();
  EXPECT_EQ(open.value(), -2);
}

TEST(Histogram, PutsABoundIntoItsOwnBucket) {
  Histogram& took = histogram("test_seconds", "help", {}, {0.1, 1});
  for (const double value : {0.05, 0.1, 0.5, 1.0, 7.0}) took.observe(value);
  const auto all = took.snapshot();
  EXPECT_THAT(all.bounds, ElementsAre(0.1, 1));
  EXPECT_THAT(all.buckets, ElementsAre(2, 2, 1));
  EXPECT_DOUBLE_EQ(all.sum, 8.65);
}

TEST(Metrics, OneNameAndLabelsAreOneSeries) {
  Counter& a = counter("test_labels_total", "first help", {{"action", "pull"}});
  Counter& b = counter("test_labels_total", "other help", {{"action", "push"}});
  EXPECT_EQ(&counter("test_labels_total", "", {{"action", "pull"}}), &a);
  EXPECT_NE(&a, &b);
  a.add(2);
  const Family found = family("test_labels_total");
  EXPECT_EQ(found.help, "first help");
  ASSERT_EQ(found.series.size(), 2U);
  EXPECT_EQ(found.series[0].labels, (Labels{{"action", "pull"}}));
  EXPECT_EQ(std::get<std::uint64_t>(found.series[0].value), 2U);
}

TEST(Metrics, AreBoundedWhateverTheLabels) {
  for (int i = 0; i < 1000; ++i) {
    counter("test_bounded_total", "help", {{"user", std::to_string(i)}}).add();
  }
  const Family found = family("test_bounded_total");
  EXPECT_EQ(found.series.size(), kMaxSeries + 1);
  EXPECT_EQ(counter("test_bounded_total", "", {{"user", "other"}}).value(), 1000 - kMaxSeries);
}

TEST(Metrics, ANameHasOneKind) {
  counter("test_kind", "help");
  EXPECT_THROW(gauge("test_kind", "help"), std::logic_error);
}

}  // namespace
}  // namespace moorgate::metrics
