#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace ringcast::bench {

// What the processes of the server have used so far, all threads together.
class ServerUsage {
 public:
  explicit ServerUsage(std::vector<pid_t> pids) : pids_(std::move(pids)) {}

  // User and kernel, with the kernel's work on the loopback device that its sends did.
  [[nodiscard]] uint64_t cpu_ns() const;
  // The kernel's part, in ticks of 10 ms.
  [[nodiscard]] uint64_t kernel_ns() const;
  [[nodiscard]] uint64_t resident_bytes() const;

 private:
  std::vector<pid_t> pids_;
};

}  // namespace ringcast::bench
