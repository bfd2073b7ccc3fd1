#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "ringcast/event.h"

namespace ringcast::client {

// Reads text/event-stream (WHATWG HTML section 9.2.6) in whatever pieces the bytes come: CRLF, CR
// and LF, a leading BOM, U+FFFD for what is not UTF-8. One for each subscription: the last id goes
// on over its connections.
class EventParser {
 public:
  // Who gets what was read. Must not call the parser.
  class Sink {
   public:
    virtual void on_event(Event event) = 0;
    virtual void on_comment(std::string_view line) = 0;
    virtual void on_retry(uint64_t retry_ms) = 0;
    // Asked after each line: false stops the reading there.
    [[nodiscard]] virtual bool wants_more() const = 0;

   protected:
    Sink() = default;
    Sink(const Sink&) = default;
    Sink& operator=(const Sink&) = default;
    ~Sink() = default;
  };

  // `max_event_bytes` bounds the lines of an event together, and each line by itself.
  EventParser(size_t max_event_bytes, std::string last_event_id)
      : max_event_bytes_(max_event_bytes), id_(last_event_id), last_id_(std::move(last_event_id)) {}

  // Returns how many bytes were read: fewer than all when the sink wanted no more, or at an event
  // that is too large, after which the parser must not be fed until begin().
  size_t feed(std::string_view bytes, Sink& sink);
  [[nodiscard]] bool is_too_large() const { return is_too_large_; }
  // A new connection: what was not finished is dropped, with its id.
  void begin();
  // What a reconnect sends.
  [[nodiscard]] const std::string& last_event_id() const { return last_id_; }

 private:
  void take_line(std::string_view line, Sink& sink);
  void take_field(std::string_view name, std::string_view value, Sink& sink);
  void end_event(Sink& sink);

  size_t max_event_bytes_;
  std::string line_;  // The beginning of a line whose end has not come yet.
  std::string type_;  // These four make the event that is being read.
  std::string data_;
  std::string id_;
  bool has_data_ = false;
  size_t event_bytes_ = 0;  // Of its finished lines.
  std::string last_id_;
  bool is_after_cr_ = false;
  bool is_at_start_ = true;  // Until the first line is complete: only there may a BOM stand.
  bool is_too_large_ = false;
};

}  // namespace ringcast::client
