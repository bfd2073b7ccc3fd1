#pragma once

#include <cstdint>
#include <optional>

namespace ringcast::admin {

// What the system says of this process. What it does not say is missing.
struct ProcessNumbers {
  double cpu_seconds = 0;  // User and system.
  std::optional<uint64_t> resident_bytes;
  std::optional<uint64_t> virtual_bytes;
  std::optional<uint64_t> open_descriptors;
  std::optional<uint64_t> most_descriptors;
};

// `resident_bytes` and `virtual_bytes` alone. Reads /proc.
[[nodiscard]] ProcessNumbers read_memory();
// All. Reads /proc. With many connections that takes time before Linux 6.2: not for a worker's
// loop.
[[nodiscard]] ProcessNumbers read_process();

// Its part that takes time: counts the descriptors one by one. Nothing when it cannot.
[[nodiscard]] std::optional<uint64_t> list_descriptors();

}  // namespace ringcast::admin
