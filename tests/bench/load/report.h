#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "load/bench.h"

namespace ringcast::bench {

// One JSON object on standard output: what was measured, by name.
class Report {
 public:
  void add(std::string_view name, double value);
  void add_count(std::string_view name, uint64_t value);
  void add_flag(std::string_view name, bool value);
  // p50, p90, p99, p99.9 and the largest, in microseconds.
  void add_latency(std::string_view name, const Histogram& nanoseconds);
  // CPU, wall time and shares between two marks.
  void add_usage(const Mark& begin, const Mark& end);
  void add_faults(const Tally& tally, uint64_t disordered, bool is_complete);
  // Whether a run can be trusted: no fault of a stream, nothing refused.
  [[nodiscard]] bool is_clean() const noexcept { return is_clean_; }
  void print() const;

 private:
  void add_text(std::string_view name, const std::string& json);

  std::string text_;
  bool is_clean_ = true;
};

}  // namespace ringcast::bench
