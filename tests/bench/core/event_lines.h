#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/payload.h"

namespace ringcast::bench {

// The last id that an event brought; ids of up to 63 bytes, longer ones are an error of the broker
// for this benchmark. Fixed, because there are many and they change with every event.
class EventId {
 public:
  void assign(std::string_view id) {
    size_ = static_cast<uint8_t>(id.copy(text_.data(), text_.size()));
  }
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }

 private:
  std::array<char, 63> text_{};
  uint8_t size_ = 0;
};

// Takes a stream apart, in whatever pieces it comes. Only what the benchmark needs: an event counts
// when its empty line is there, and its id with it.
class EventLines {
 public:
  template <typename OnEvent>
  void feed(std::string_view bytes, OnEvent on_event) {
    for (;;) {
      const size_t end = bytes.find('\n');
      if (end == std::string_view::npos) {
        carry_.append(bytes);
        return;
      }
      if (carry_.empty()) {
        take_line(bytes.substr(0, end), on_event);
      } else {
        carry_.append(bytes.substr(0, end));
        take_line(carry_, on_event);
        carry_.clear();
      }
      bytes.remove_prefix(end + 1);
    }
  }
  // After a connection was cut: an unfinished event is nothing (WHATWG HTML 9.2.6).
  void cut() {
    carry_.clear();
    has_payload_ = false;
  }
  [[nodiscard]] std::string_view last_id() const noexcept { return last_id_.view(); }
  [[nodiscard]] uint32_t gaps() const noexcept { return gaps_; }

 private:
  template <typename OnEvent>
  void take_line(std::string_view line, OnEvent on_event) {
    if (!line.empty() && line.back() == '\r') {
      line.remove_suffix(1);
    }
    if (line.empty()) {
      if (has_id_) {
        last_id_ = id_;
        has_id_ = false;
      }
      if (has_payload_) {
        has_payload_ = false;
        on_event(payload_);
      }
    } else if (line.starts_with("data:")) {
      if (const auto payload = find_payload(line)) {
        payload_ = *payload;
        has_payload_ = true;
      }
    } else if (line.starts_with("id:")) {
      line.remove_prefix(line.starts_with("id: ") ? 4 : 3);
      id_.assign(line);
      has_id_ = true;
    } else if (line == "event: ringcast.gap") {
      ++gaps_;
    }
  }

  std::string carry_;
  Payload payload_;
  EventId id_;
  EventId last_id_;
  uint32_t gaps_ = 0;
  bool has_payload_ = false;
  bool has_id_ = false;
};

}  // namespace ringcast::bench
