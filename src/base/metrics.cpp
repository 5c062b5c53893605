#include "base/metrics.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>

namespace moorgate::metrics {
namespace {

using Instrument =
    std::variant<std::unique_ptr<Counter>, std::unique_ptr<Gauge>, std::unique_ptr<Histogram>>;

struct Entry {
  std::string help;
  std::map<Labels, Instrument> series;
};

struct Registry {
  std::mutex mutex;
  std::map<std::string, Entry, std::less<>> entries;
};

/// Never destroyed: threads may count until the very end of the process.
Registry& registry() {
  static auto* const instance = new Registry;
  return *instance;
}

Labels bounded(const Entry& entry, Labels labels) {
  if (entry.series.size() < kMaxSeries || entry.series.contains(labels)) return labels;
  for (auto& [name, value] : labels) value = "other";
  return labels;
}

template <class T, class... Arguments>
T& find_or_make(std::string_view name, std::string_view help, const Labels& labels,
                Arguments&&... arguments) {
  Registry& all = registry();
  const std::scoped_lock lock(all.mutex);
  auto found = all.entries.find(name);
  if (found == all.entries.end()) {
    found = all.entries.emplace(name, Entry{.help = std::string(help), .series = {}}).first;
  }
  Entry& entry = found->second;
  if (!entry.series.empty() &&
      !std::holds_alternative<std::unique_ptr<T>>(entry.series.begin()->second)) {
    throw std::logic_error("metric " + std::string(name) + " is of another kind");
  }
  auto [it, is_new] = entry.series.try_emplace(bounded(entry, labels), std::unique_ptr<T>());
  auto& instrument = std::get<std::unique_ptr<T>>(it->second);
  if (is_new) instrument = std::make_unique<T>(std::forward<Arguments>(arguments)...);
  return *instrument;
}

Series read(const Labels& labels, const Instrument& instrument) {
  if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&instrument)) {
    return {labels, (*counter)->value()};
  }
  if (const auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&instrument)) {
    return {labels, (*gauge)->value()};
  }
  return {labels, std::get<std::unique_ptr<Histogram>>(instrument)->snapshot()};
}

}  // namespace

std::size_t this_shard() noexcept {
  static std::atomic<std::size_t> next = 0;
  thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed) % kShards;
  return mine;
}

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), shards_(kShards) {
  for (Shard& shard : shards_) {
    shard.buckets = std::vector<std::atomic<std::uint64_t>>(bounds_.size() + 1);
  }
}

void Histogram::observe(double value) noexcept {
  const auto bound = std::ranges::lower_bound(bounds_, value);
  Shard& shard = shards_[this_shard()];
  shard.buckets[static_cast<std::size_t>(bound - bounds_.begin())].fetch_add(
      1, std::memory_order_relaxed);
  shard.sum.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot all{.bounds = bounds_, .buckets = std::vector<std::uint64_t>(bounds_.size() + 1)};
  for (const Shard& shard : shards_) {
    all.sum += shard.sum.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < all.buckets.size(); ++i) {
      all.buckets[i] += shard.buckets[i].load(std::memory_order_relaxed);
    }
  }
  return all;
}

std::vector<double> duration_bounds() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};
}

Counter& counter(std::string_view name, std::string_view help, const Labels& labels) {
  return find_or_make<Counter>(name, help, labels);
}

Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return find_or_make<Gauge>(name, help, labels);
}

Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels,
                     std::vector<double> bounds) {
  return find_or_make<Histogram>(name, help, labels, std::move(bounds));
}

std::vector<Family> collect() {
  Registry& all = registry();
  const std::scoped_lock lock(all.mutex);
  std::vector<Family> families;
  families.reserve(all.entries.size());
  for (const auto& [name, entry] : all.entries) {
    Family family{.name = name, .help = entry.help, .series = {}};
    for (const auto& [labels, instrument] : entry.series) {
      family.series.push_back(read(labels, instrument));
    }
    families.push_back(std::move(family));
  }
  return families;
}

}  // namespace moorgate::metrics
