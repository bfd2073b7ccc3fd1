#pragma once

#include <atomic>
#include <cerrno>
#include <cstdint>

// What a test has switched on: a file of this layout, mapped by the process and rewritten in place
// by the test (tests/system/harness/power_cut.py has the same layout).
namespace disk_shim {

enum Fault : uint64_t {
  kEnospc = 1,    // Whatever makes a file longer fails with ENOSPC; overwriting works.
  kEioWrite = 2,  // Writing and truncating fail with EIO.
  kEioSync = 4,   // Syncing fails with EIO, and what was pending is never made durable.
};

struct Control {
  std::atomic<uint64_t> faults{0};
  std::atomic<int64_t> countdown{-1};  // -1: every such call fails; n: the n-th from now only.
  std::atomic<uint64_t> sync_delay_us{0};
  // For the test to read:
  std::atomic<uint64_t> failed{0};  // Calls that a fault has hit.
  std::atomic<uint64_t> syncs{0};   // Calls of fsync() and fdatasync().

  // Whether this call, to which `fault` applies, is to fail.
  bool strikes(Fault fault) {
    if ((faults.load() & fault) == 0) {
      return false;
    }
    int64_t left = countdown.load();
    while (left > 0 && !countdown.compare_exchange_weak(left, left - 1)) {
    }
    if (left != -1 && left != 1) {
      return false;
    }
    failed.fetch_add(1);
    return true;
  }
};

static_assert(sizeof(Control) == 40);

}  // namespace disk_shim
