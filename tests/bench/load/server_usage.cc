#include "load/server_usage.h"

#include <unistd.h>

#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

namespace ringcast::bench {

namespace {

std::string first_line(pid_t pid, const char* file) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/" + file);
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace

uint64_t ServerUsage::cpu_ns() const {
  uint64_t sum = 0;
  for (const pid_t pid : pids_) {
    clockid_t clock{};
    timespec used{};
    if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &used) == 0) {
      sum +=
          static_cast<uint64_t>(used.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(used.tv_nsec);
    }
  }
  return sum;
}

uint64_t ServerUsage::kernel_ns() const {
  uint64_t ticks = 0;
  for (const pid_t pid : pids_) {
    const std::string line = first_line(pid, "stat");
    const size_t name_end = line.rfind(')');
    if (name_end == std::string::npos) {
      continue;
    }
    std::istringstream fields(line.substr(name_end + 1));
    std::string skipped;
    for (int count = 0; count < 12; ++count) {  // utime is the 14th field of all, stime the 15th.
      fields >> skipped;
    }
    uint64_t system = 0;
    fields >> system;
    ticks += system;
  }
  return ticks * (1'000'000'000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK)));
}

uint64_t ServerUsage::resident_bytes() const {
  uint64_t pages = 0;
  for (const pid_t pid : pids_) {
    std::istringstream fields(first_line(pid, "statm"));
    uint64_t size = 0;
    uint64_t resident = 0;
    fields >> size >> resident;
    pages += resident;
  }
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace ringcast::bench
