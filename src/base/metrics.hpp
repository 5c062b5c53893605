#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// Process-wide numbers about the program. Counting is one relaxed addition to a cache line that
/// only few threads share; adding up is for whoever asks.
///
///   static metrics::Counter& pulls = metrics::counter("moorgate_pulls_total", "Manifests served");
///   pulls.add();
namespace moorgate::metrics {

inline constexpr std::size_t kShards = 16;

/// Of the calling thread; threads are dealt to the shards in turn.
std::size_t this_shard() noexcept;

template <class Number>
class Sharded {
 public:
  void add(Number amount) noexcept {
    shards_[this_shard()].value.fetch_add(amount, std::memory_order_relaxed);
  }
  Number sum() const noexcept {
    Number total{};
    for (const Shard& shard : shards_) total += shard.value.load(std::memory_order_relaxed);
    return total;
  }

 private:
  struct alignas(64) Shard {
    std::atomic<Number> value{};
  };
  std::array<Shard, kShards> shards_;
};

class Counter {
 public:
  void add(std::uint64_t amount = 1) noexcept { sharded_.add(amount); }
  std::uint64_t value() const noexcept { return sharded_.sum(); }

 private:
  Sharded<std::uint64_t> sharded_;
};

/// What goes up and down: connections open, bytes held.
class Gauge {
 public:
  void add(std::int64_t amount = 1) noexcept { sharded_.add(amount); }
  void subtract(std::int64_t amount = 1) noexcept { sharded_.add(-amount); }
  std::int64_t value() const noexcept { return sharded_.sum(); }

 private:
  Sharded<std::int64_t> sharded_;
};

class Histogram {
 public:
  struct Snapshot {
    std::vector<double> bounds;          // upper, inclusive, ascending
    std::vector<std::uint64_t> buckets;  // one per bound and one past the last; not cumulative
    double sum = 0;
  };

  explicit Histogram(std::vector<double> bounds);
  void observe(double value) noexcept;
  Snapshot snapshot() const;

 private:
  struct alignas(64) Shard {
    std::atomic<double> sum = 0;
    std::vector<std::atomic<std::uint64_t>> buckets;
  };
  const std::vector<double> bounds_;
  std::vector<Shard> shards_;
};

/// 1 ms to 5 min, for durations in seconds.
std::vector<double> duration_bounds();

using Labels = std::vector<std::pair<std::string, std::string>>;

/// The one with this name and these labels, made at the first call; it lives as long as the
/// process. Ask once and keep the reference. A name keeps the kind, help and bounds it was first
/// given. Labels come from a fixed set, never from a request: past kMaxSeries of a name, all others
/// are counted together under the label values "other".
Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels = {},
                     std::vector<double> bounds = duration_bounds());

inline constexpr std::size_t kMaxSeries = 256;

struct Series {
  Labels labels;
  std::variant<std::uint64_t, std::int64_t, Histogram::Snapshot> value;
};

/// All series of one name; the variants of their values are all of the same kind.
struct Family {
  std::string name;
  std::string help;
  std::vector<Series> series;
};

/// Everything as it stands, by name.
std::vector<Family> collect();

}  // namespace moorgate::metrics
