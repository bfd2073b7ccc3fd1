#include "load/report.h"

#include <cstdio>

namespace ringcast::bench {

namespace {

// Below this share of a core the server could have done more; and when the load generator mostly
// found more ready than it takes at once, it was what limited.
constexpr double kBusy = 0.9;
constexpr double kBehind = 0.5;

std::string number(double value) {
  std::string text(32, '\0');
  text.resize(static_cast<size_t>(std::snprintf(text.data(), text.size(), "%.6g", value)));
  return text;
}

}  // namespace

void Report::add_text(std::string_view name, const std::string& json) {
  text_ += text_.empty() ? "{" : ", ";
  text_.append("\"").append(name).append("\": ").append(json);
}

void Report::add(std::string_view name, double value) {
  add_text(name, number(value));
}

void Report::add_count(std::string_view name, uint64_t value) {
  add_text(name, std::to_string(value));
}

void Report::add_flag(std::string_view name, bool value) {
  add_text(name, value ? "true" : "false");
}

void Report::add_latency(std::string_view name, const Histogram& nanoseconds) {
  const auto us = [&](double share) {
    return number(static_cast<double>(nanoseconds.at(share)) / 1e3);
  };
  add_text(name, "{\"count\": " + std::to_string(nanoseconds.total()) + ", \"p50\": " + us(0.5) +
                     ", \"p90\": " + us(0.9) + ", \"p99\": " + us(0.99) +
                     ", \"p99.9\": " + us(0.999) + ", \"max\": " + us(1) + "}");
}

void Report::add_usage(const Mark& begin, const Mark& end) {
  const double wall = static_cast<double>(end.wall_ns - begin.wall_ns) / 1e9;
  const double server = static_cast<double>(end.server_ns - begin.server_ns) / 1e9;
  const double kernel = static_cast<double>(end.server_kernel_ns - begin.server_kernel_ns) / 1e9;
  const auto served = static_cast<double>(end.served - begin.served);
  const double behind =
      served > 0 ? static_cast<double>(end.served_full - begin.served_full) / served : 0;
  add("wall_s", wall);
  add("server_cpu_s", server);
  add("server_kernel_share", server > 0 ? kernel / server : 0);
  add("server_busy", server / wall);
  add("load_behind", behind);
  add_flag("load_was_bottleneck", behind > kBehind && server / wall < kBusy);
}

void Report::add_faults(const Tally& tally, uint64_t disordered, bool is_complete) {
  add_count("missing", tally.faults.missing);
  add_count("duplicate", tally.faults.duplicate);
  add_count("out_of_order", tally.faults.out_of_order);
  add_count("order_differs", disordered);
  add_count("refused", tally.refused);
  add_count("lost_streams", tally.lost);
  add_count("gaps", tally.gaps);
  is_clean_ = is_clean_ && is_complete && tally.faults.missing == 0 &&
              tally.faults.duplicate == 0 && tally.faults.out_of_order == 0 && disordered == 0 &&
              tally.refused == 0 && tally.lost == 0 && tally.gaps == 0;
}

void Report::print() const {
  std::printf("%s, \"clean\": %s}\n", text_.c_str(), is_clean_ ? "true" : "false");
}

}  // namespace ringcast::bench
