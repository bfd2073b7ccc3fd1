#include "admin/metrics_text.h"

#include <prometheus/text_serializer.h>

#include <limits>

namespace ringcast::admin {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double kUsPerSecond = 1e6;

ClientMetric::Histogram sum_of(const std::vector<const DurationHistogram*>& parts) {
  ClientMetric::Histogram sum;
  for (size_t bucket = 0; bucket < DurationHistogram::kBuckets; ++bucket) {
    for (const DurationHistogram* part : parts) {
      sum.sample_count += part->count(bucket);
    }
    const double bound =
        bucket < DurationHistogram::kBoundsUs.size()
            ? static_cast<double>(DurationHistogram::kBoundsUs[bucket]) / kUsPerSecond
            : std::numeric_limits<double>::infinity();
    sum.bucket.push_back({sum.sample_count, bound});
  }
  for (const DurationHistogram* part : parts) {
    sum.sample_sum += static_cast<double>(part->sum_us()) / kUsPerSecond;
  }
  return sum;
}

}  // namespace

MetricFamily& MetricsText::family(std::string name, std::string help, MetricType type) {
  MetricFamily& made = families_.emplace_back();
  made.name = std::move(name);
  made.help = std::move(help);
  made.type = type;
  return made;
}

void MetricsText::add(std::string name, std::string help, MetricType type, const std::string& label,
                      const Samples& samples) {
  MetricFamily& made = family(std::move(name), std::move(help), type);
  for (const auto& [value, number] : samples) {
    ClientMetric& metric = made.metric.emplace_back();
    (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = number;
    if (!label.empty()) {
      metric.label.push_back({label, value});
    }
  }
}

void MetricsText::counter(std::string name, std::string help, double value) {
  add(std::move(name), std::move(help), MetricType::Counter, {}, {{"", value}});
}

void MetricsText::counter(std::string name, std::string help, const std::string& label,
                          const Samples& samples) {
  add(std::move(name), std::move(help), MetricType::Counter, label, samples);
}

void MetricsText::gauge(std::string name, std::string help, double value) {
  add(std::move(name), std::move(help), MetricType::Gauge, {}, {{"", value}});
}

void MetricsText::gauge(std::string name, std::string help, const std::string& label,
                        const Samples& samples) {
  add(std::move(name), std::move(help), MetricType::Gauge, label, samples);
}

void MetricsText::histogram(std::string name, std::string help,
                            const std::vector<const DurationHistogram*>& parts) {
  family(std::move(name), std::move(help), MetricType::Histogram).metric.emplace_back().histogram =
      sum_of(parts);
}

void MetricsText::histogram(std::string name, std::string help, const std::string& label,
                            const Histograms& histograms) {
  MetricFamily& made = family(std::move(name), std::move(help), MetricType::Histogram);
  for (const auto& [value, histogram] : histograms) {
    ClientMetric& metric = made.metric.emplace_back();
    metric.label.push_back({label, value});
    metric.histogram = sum_of({histogram});
  }
}

std::string MetricsText::text() const {
  return prometheus::TextSerializer().Serialize(families_);
}

}  // namespace ringcast::admin
