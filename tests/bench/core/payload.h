#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringcast::bench {

// What an event of the benchmark carries, as text that survives every broker's encoding:
// "rcb1", publisher (4 hex digits), seq (8), time (16), filled up with 'x'.
struct Payload {
  uint32_t publisher = 0;
  uint32_t seq = 0;      // Of this publisher in this topic.
  uint64_t time_ns = 0;  // When it was meant to be sent, on the monotonic clock.
};

constexpr size_t kLeastPayload = 32;

// Appends `size` bytes, at least kLeastPayload.
void append_payload(std::string& out, const Payload& payload, size_t size);
// The payload in a line, whatever the broker wrapped around it.
std::optional<Payload> find_payload(std::string_view line);

}  // namespace ringcast::bench
