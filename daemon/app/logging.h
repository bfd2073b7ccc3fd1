#pragma once

#include <cstdio>
#include <memory>

#include "base/log.h"
#include "config/config.h"

namespace ringcast::app {

// Where all log lines of the process end: a file, normally stderr, or where that is the stream of a
// service to the journal of the system, that journal. `app` owns one; it outlives
// every Log that it gave out, and every thread that uses them. A thread of its own does the
// writing, so that a full pipe never holds up a loop: when more lines wait than fit, the oldest
// are dropped and the log says how many. Lines that still wait are written at destruction.
class LogOutput {
 public:
  // `file` stays the caller's and outlives this.
  LogOutput(std::FILE* file, const config::LogOptions& options);
  LogOutput(const LogOutput&) = delete;
  LogOutput& operator=(const LogOutput&) = delete;
  ~LogOutput();

  // The port that other modules log to. Any thread.
  [[nodiscard]] Log log();
  // Changes levels and format for the lines to come. Any thread.
  void configure(const config::LogOptions& options);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ringcast::app
