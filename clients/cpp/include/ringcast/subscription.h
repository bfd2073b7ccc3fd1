#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ringcast/error.h"
#include "ringcast/event.h"

namespace ringcast::client {

struct SubscribeOptions {
  std::vector<std::string> topics;  // 1 to 100 topics or patterns ("orders/**").
  // Where to start without a last event id: "latest" (also when empty), "earliest", "-10" (the
  // last ten), an age such as "10m", or a time.
  std::string since;
  std::string last_event_id;         // Go on after this event, as a client that was there before.
  std::vector<std::string> types;    // Only these types of events; none: all.
  bool envelope = false;             // Data becomes {"id","time","topic","event","data"}.
  std::optional<uint64_t> max_data;  // Longer data comes as "ringcast.oversize", without it.
  // An event over this ends the subscription (kTooLarge): it would come again after a reconnect.
  size_t max_event_bytes = size_t{16} << 20U;
  // Without a byte for so long the connection is taken for dead and made again. The broker writes
  // each `stream.heartbeat` (15 s): stay well above. 0: wait for ever.
  uint64_t idle_timeout_ms = 45'000;
  // How long to try while there is no connection, from the first failure in a row. Nothing: as
  // long as it takes.
  std::optional<uint64_t> retry_for_ms;
};

enum class State {
  kConnecting,
  kOpen,     // Events come.
  kWaiting,  // Before the next attempt.
  kEnded,    // For good.
};

struct StateChange {
  State state;
  // kWaiting: why the last attempt failed, or kNone where the broker ended the stream in order.
  // kEnded: why.
  Error error;
  uint64_t wait_ms = 0;  // kWaiting: until the next attempt.
};

// Whom a subscription tells what, on the loop's thread, never from within a call to this library.
// All of them may be empty, may call anything here (also close or destroy the subscription and
// its client), and must not throw: an exception ends the process.
struct SubscriptionHandlers {
  std::function<void(Event event)> on_event;
  // Events are missing here, before the next one. Without it gaps go to on_event, type
  // "ringcast.gap", since nobody should miss them.
  std::function<void(const Gap& gap)> on_gap;
  std::function<void(std::string_view comment)> on_comment;  // A line of it.
  std::function<void(const StateChange& change)> on_state;
  // The last call: a refusal (400, 401 also with a fresh token, 403, 404...), no connection
  // within `retry_for_ms`, an event that is too large, or the client was closed.
  std::function<void(const Error& error)> on_end;
};

class Stream;

// A stream of events that mends itself: a connection that ends is made again after the last event,
// as the broker's `retry:` says, and while there is none, after growing, random waits.
class [[gnu::visibility("default")]] Subscription {
 public:
  Subscription();  // Of nothing.
  Subscription(Subscription &&) noexcept;
  Subscription& operator=(Subscription&&) noexcept;  // Closes what it held.
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  ~Subscription();  // Closes.

  // Ends it; from now on no handler is called, on_end neither.
  void close();
  // No events, gaps and comments from now until resume(). What the broker sends meanwhile waits in
  // the kernel's buffers; a reader that pauses for long (the broker's `stream.write_stall`, 30 s)
  // is cut off, and goes on where it was once it resumes. While it pauses, nothing here keeps
  // uv_run() from returning.
  void pause();
  void resume();

  [[nodiscard]] State state() const noexcept;
  // Of the last event that was handed over; a block with only an id moves it as well.
  [[nodiscard]] std::string last_event_id() const;

 private:
  friend class Client;
  explicit Subscription(std::shared_ptr<Stream> stream);
  std::shared_ptr<Stream> stream_;
};

}  // namespace ringcast::client
