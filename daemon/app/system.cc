#include "app/system.h"

#include <malloc.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "base/random.h"
#include "journal/folder.h"
#include "journal/journal.h"
#include "sse/position.h"

namespace ringcast::app {

int64_t SystemClock::unix_ms() const {
  using std::chrono::duration_cast;
  return duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t SystemClock::steady_ms() const {
  return steady_us() / 1000;
}

int64_t SystemClock::steady_us() const {
  using std::chrono::duration_cast;
  return duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

uint32_t core_count() {
  cpu_set_t allowed;
  const int count = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
  return static_cast<uint32_t>(std::clamp(count, 1, 63));
}

std::string new_epoch() {
  return sse::make_epoch(random_bits());
}

namespace {

// Another one than last time: the machine was restarted in between. The variable is for tests.
std::string boot_id() {
  const char* file = std::getenv("RINGCAST_BOOT_ID_FILE");
  std::ifstream stream(file != nullptr ? file : "/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(stream, id);
  return id;
}

}  // namespace

Status check_journal(const journal::Options& options) {
  if (options.path.empty()) {
    return Ok{};
  }
  Status usable = journal::Folder(options.path).check();
  return usable ? std::move(usable)
                : fail(usable.error().code, "journal.path: " + usable.error().detail);
}

Result<std::unique_ptr<topics::Journal>> open_journal(const journal::Options& options,
                                                      std::vector<std::string>& notes) {
  if (options.path.empty()) {
    return std::unique_ptr<topics::Journal>();
  }
  if (Status usable = check_journal(options); !usable) {
    return std::move(usable).failure();
  }
  Result<journal::Opened> opened =
      journal::open(options, {.fresh_epoch = new_epoch(), .boot_id = boot_id()});
  if (!opened) {
    return std::move(opened).failure();
  }
  notes = std::move(opened->notes);
  return std::move(opened->journal);
}

void share_heap() {
#ifdef M_ARENA_MAX
  if (std::getenv("MALLOC_ARENA_MAX") == nullptr) {
    mallopt(M_ARENA_MAX, 1);
  }
#endif
}

uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 1024;
  }
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace ringcast::app
