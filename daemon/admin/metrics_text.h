#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/duration_histogram.h"

namespace ringcast::admin {

// Metrics in the order in which they are added, each with what it counts, for Prometheus' text
// format.
class MetricsText {
 public:
  // A label's value, and what is counted there.
  using Samples = std::vector<std::pair<std::string, double>>;
  using Histograms = std::vector<std::pair<std::string, const DurationHistogram*>>;

  void counter(std::string name, std::string help, double value);
  void counter(std::string name, std::string help, const std::string& label,
               const Samples& samples);
  void gauge(std::string name, std::string help, double value);
  void gauge(std::string name, std::string help, const std::string& label, const Samples& samples);
  // In seconds; what several threads have counted is added up.
  void histogram(std::string name, std::string help,
                 const std::vector<const DurationHistogram*>& parts);
  void histogram(std::string name, std::string help, const std::string& label,
                 const Histograms& histograms);

  [[nodiscard]] std::string text() const;

 private:
  prometheus::MetricFamily& family(std::string name, std::string help, prometheus::MetricType type);
  void add(std::string name, std::string help, prometheus::MetricType type,
           const std::string& label, const Samples& samples);

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace ringcast::admin
