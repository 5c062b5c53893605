#include "admin/metrics_text.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <utility>
#include <vector>

#include "base/metrics.hpp"

namespace moorgate::admin {
namespace {

void fill(prometheus::ClientMetric& metric, std::uint64_t value) {
  metric.counter.value = static_cast<double>(value);
}
void fill(prometheus::ClientMetric& metric, std::int64_t value) {
  metric.gauge.value = static_cast<double>(value);
}
void fill(prometheus::ClientMetric& metric, const metrics::Histogram::Snapshot& value) {
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < value.bounds.size(); ++i) {
    cumulative += value.buckets[i];
    metric.histogram.bucket.push_back({cumulative, value.bounds[i]});
  }
  metric.histogram.sample_count = cumulative + value.buckets.back();
  metric.histogram.sample_sum = value.sum;
}

prometheus::MetricType type_of(const metrics::Series& series) {
  switch (series.value.index()) {
    case 0:
      return prometheus::MetricType::Counter;
    case 1:
      return prometheus::MetricType::Gauge;
    default:
      return prometheus::MetricType::Histogram;
  }
}

prometheus::MetricFamily convert(const metrics::Family& family) {
  prometheus::MetricFamily out{family.name, family.help, prometheus::MetricType::Untyped, {}};
  for (const auto& series : family.series) {
    out.type = type_of(series);
    prometheus::ClientMetric& metric = out.metric.emplace_back();
    for (const auto& [name, value] : series.labels) metric.label.push_back({name, value});
    std::visit([&metric](const auto& value) { fill(metric, value); }, series.value);
  }
  return out;
}

}  // namespace

std::string render_metrics() {
  std::vector<prometheus::MetricFamily> families;
  for (const auto& family : metrics::collect()) families.push_back(convert(family));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace moorgate::admin
