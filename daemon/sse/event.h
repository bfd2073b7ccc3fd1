#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace ringcast::sse {

// What a publisher says of an event. Views live until encode() returned.
struct EventFields {
  std::string_view type = {};  // Empty: "message".
  std::string_view id = {};    // The publisher's own id; empty: the broker's position.
  std::optional<uint64_t> retry_ms = {};
  std::string_view data = {};
  bool is_private = false;  // Only for those whose token grants the topic.
};

// Are these fields legal on the wire? kInvalid (with the field's name) for CR, LF or invalid UTF-8
// in `type`, the names "open", "error" and "ringcast.*", NUL or CR or LF in an id, an id that is
// over 128 bytes, not printable ASCII, with a blank at an end, "earliest", "latest" or starting
// with "#", and data that is not UTF-8. `epoch`: an id of the form <epoch>-<digits> is refused.
// kTooLarge above 512 MiB, whatever the configured limits are.
Status check_fields(const EventFields& fields, std::string_view epoch);

// Clamped to what every client survives: 100 ms to one day.
[[nodiscard]] uint64_t clamp_retry_ms(uint64_t retry_ms);

// An event, encoded once as SSE wire bytes (fields in the order id, event, retry, data; WHATWG
// HTML section 9.2.5). Immutable once sealed and then shared by all threads.
class Event {
 public:
  // Empty: encode() makes events.
  explicit Event(std::vector<std::string> topics) : topics_(std::move(topics)) {}

  // Encodes all but the position, outside of any lock. The fields passed check_fields().
  static std::unique_ptr<Event> encode(const EventFields& fields, std::vector<std::string> topics);

  // Gives the event its place. Cheap: called once, under the hub's lock. `published_us`: when it
  // was published, on the steady clock; 0: not by this process.
  void seal(std::string_view epoch, uint64_t seq, int64_t time_ms, int64_t published_us = 0);

  [[nodiscard]] uint64_t seq() const noexcept { return seq_; }
  [[nodiscard]] int64_t time_ms() const noexcept { return time_ms_; }  // Unix time.
  [[nodiscard]] int64_t published_us() const noexcept { return published_us_; }
  [[nodiscard]] const std::vector<std::string>& topics() const noexcept { return topics_; }
  // The block as it goes out, from "id: " to the blank line.
  [[nodiscard]] std::string_view wire() const noexcept;
  [[nodiscard]] std::string_view id() const noexcept;
  // The block behind its id line: what restore_event() makes the event of again.
  [[nodiscard]] std::string_view body() const noexcept {
    return wire().substr(id_size_ == 0 ? 0 : id_size_ + 5);  // "id: " and the line's end.
  }
  // The block from its first "data: " on.
  [[nodiscard]] std::string_view data_lines() const noexcept {
    return std::string_view(buffer_).substr(data_begin_);
  }
  [[nodiscard]] bool is_private() const noexcept { return is_private_; }
  [[nodiscard]] bool has_publisher_id() const noexcept { return has_publisher_id_; }
  [[nodiscard]] std::string_view type() const noexcept;  // Empty: "message".
  [[nodiscard]] std::optional<uint64_t> retry_ms() const noexcept {
    return retry_ms_ == 0 ? std::nullopt : std::optional<uint64_t>(retry_ms_);
  }
  // The data as a client gets it: lines joined by LF.
  [[nodiscard]] std::string data() const;
  [[nodiscard]] size_t data_bytes() const noexcept { return data_bytes_; }
  // What it costs the memory budget, allocator's overhead included (estimate).
  [[nodiscard]] size_t memory() const noexcept;

 private:
  uint64_t seq_ = 0;
  int64_t time_ms_ = 0;
  int64_t published_us_ = 0;
  std::vector<std::string> topics_;
  std::string buffer_;       // Room for the longest position first, then the block's rest.
  uint32_t wire_begin_ = 0;  // Where the block starts in buffer_, set by seal().
  uint32_t id_size_ = 0;
  uint32_t type_begin_ = 0;
  uint32_t type_size_ = 0;
  uint32_t data_begin_ = 0;  // The first "data: " line.
  uint32_t data_bytes_ = 0;
  uint32_t retry_ms_ = 0;  // 0: none.
  bool has_publisher_id_ = false;
  bool is_private_ = false;
};

}  // namespace ringcast::sse
