#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "server/fanout.h"
#include "sse/stream_parser.h"
#include "support/model_log.h"

namespace ringcast::model {

// What a subscription is to the reference: a set of topics and of types.
struct Wish {
  server::SubscriptionSpec spec;
  Mask topics = 0;
  bool has_wildcards = false;

  [[nodiscard]] bool wants(const Logged& event) const;
};

// Where a stream has to start, by the contract.
struct Place {
  uint64_t base = 0;
  std::optional<sse::GapReason> gap{};  // kEpoch or kUnknown.
  bool asks_for_what_is_there = false;
};

// An EventSource on one stream after another, with a socket that takes what it likes, and the
// checks of all it is given.
class Client final : public server::FrameSink {
 public:
  static constexpr size_t kNoLimit = SIZE_MAX;
  static constexpr std::string_view kHead = "HEAD.";

  Client(const Log& log, Verdict& verdict, std::function<void()> meanwhile)
      : log_(log), verdict_(verdict), meanwhile_(std::move(meanwhile)) {}

  size_t write(std::span<const std::string_view> pieces) override;
  void end() override;

  // A new stream was opened, or the line breaks: what is not complete is lost, but for the last id.
  void connect(Wish wish, const Place& place, uint32_t on_worker,
               std::unique_ptr<server::Subscriber> opened);
  void disconnect() { subscriber.reset(); }
  // It was served, as far as it is known.
  void note_tail() { is_healthy_ = is_healthy_ || subscriber->is_at_tail; }
  // Nobody has anything to send any more: was all that it wanted accounted for?
  void expect_all() const { expect_accounted(log_.committed()); }

  std::unique_ptr<server::Subscriber> subscriber;  // While a stream is open.
  std::string last_id;
  size_t capacity = kNoLimit;
  bool is_draining = false;   // Within on_writable(): nothing new is made.
  bool asked_to_end = false;  // The server was told to end it.
  bool has_ended = false;
  uint32_t worker = 0;
  uint64_t delivered = 0;
  uint64_t gaps_told = 0;

 private:
  // What a gap has to say, when it is made.
  struct Due {
    uint64_t tick = 0;
    uint64_t missed = 0;
    bool is_fuzzy = false;    // The number may be unknown, and the loss hearsay.
    bool any = false;         // Something is gone, even if only of other types.
    bool deleted = false;     // Some of it left by DELETE...
    bool expired = false;     // ...some did not.
    bool disconnect = false;  // A topic that lost some of it wants that.
    bool is_short = false;    // Some of it are the broker's own events, where memory is short.
    bool before_open = false;
    PerTopic gone_high{};
    std::optional<uint64_t> resumed{};
  };

  [[nodiscard]] Due look() const;
  void look_at_event(const Logged& event, Due& due) const;
  [[nodiscard]] bool is_fuzzy() const;
  void note_offered_gap(std::string_view offered);
  void take_blocks();
  void take(sse::Block&& block, std::string_view text);
  void take_first(const sse::Block& block);
  void take_event(const sse::Block& block, std::string_view text);
  void take_gap(const std::string& id, const std::string& data);
  void check_gap(const Due& due, const std::string& reason, const std::string& missed);
  void account(uint64_t up_to);
  void expect_accounted(uint64_t up_to) const;
  void fail(const std::string& what) const;

  const Log& log_;
  Verdict& verdict_;
  std::function<void()> meanwhile_;

  Wish wish_;
  Place place_;
  std::string received_;
  std::unique_ptr<sse::StreamParser> parser_;
  std::optional<Due> offered_;  // The gap on its way.
  uint64_t position_ = 0;       // Accounted for up to here.
  uint64_t opened_tick_ = 0;
  uint64_t told_tick_ = 0;  // All that was gone by then was told, or not asked for.
  PerTopic told_high_{};
  bool has_first_block_ = false;
  bool has_events_ = false;
  bool is_healthy_ = false;  // Never blocked since it had everything.
};

}  // namespace ringcast::model
