#include "admin/metrics_process.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace ringcast::admin {

namespace {

constexpr const char* kDescriptors = "/proc/self/fd";
constexpr double kNanosecondsPerSecond = 1e9;

std::optional<uint64_t> count_descriptors() {
  struct stat folder {};
  if (::stat(kDescriptors, &folder) == 0 && folder.st_size > 0) {
    return static_cast<uint64_t>(folder.st_size);  // Since Linux 6.2.
  }
  return list_descriptors();
}

}  // namespace

std::optional<uint64_t> list_descriptors() {
  std::error_code error;
  uint64_t count = 0;
  std::filesystem::directory_iterator entry(kDescriptors, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    ++count;
  }
  if (error || count == 0) {
    return std::nullopt;
  }
  return count - 1;  // Without the one that reads them.
}

ProcessNumbers read_memory() {
  ProcessNumbers numbers;
  uint64_t all_pages = 0;
  uint64_t resident_pages = 0;
  if (std::ifstream("/proc/self/statm") >> all_pages >> resident_pages) {
    const auto page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    numbers.virtual_bytes = all_pages * page_bytes;
    numbers.resident_bytes = resident_pages * page_bytes;
  }
  return numbers;
}

ProcessNumbers read_process() {
  ProcessNumbers numbers = read_memory();
  timespec cpu{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  numbers.cpu_seconds =
      static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) / kNanosecondsPerSecond;
  numbers.open_descriptors = count_descriptors();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    numbers.most_descriptors = limit.rlim_cur;
  }
  return numbers;
}

}  // namespace ringcast::admin
