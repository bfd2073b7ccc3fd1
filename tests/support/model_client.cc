#include "support/model_client.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "sse/position.h"

namespace ringcast::model {

namespace {

constexpr std::string_view kGapLine = "event: ringcast.gap\n";

// A member of the flat JSON object in a gap; strings without their quotes.
std::string member(std::string_view json, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":";
  const size_t at = json.find(key);
  if (at == std::string_view::npos) {
    return "";
  }
  std::string_view value = json.substr(at + key.size());
  if (value.starts_with('"')) {
    value.remove_prefix(1);
    return std::string(value.substr(0, value.find('"')));
  }
  return std::string(value.substr(0, value.find_first_of(",}")));
}

uint64_t serial_in(std::string_view data) {
  uint64_t serial = 0;
  std::from_chars(data.data() + 1, data.data() + data.size(), serial);
  return serial;
}

}  // namespace

bool Wish::wants(const Logged& event) const {
  const std::string_view type = event.type.empty() ? "message" : std::string_view(event.type);
  return (event.topics & topics) != 0 &&
         (spec.types.empty() ||
          std::find(spec.types.begin(), spec.types.end(), type) != spec.types.end());
}

void Client::connect(Wish wish, const Place& place, uint32_t on_worker,
                     std::unique_ptr<server::Subscriber> opened) {
  wish_ = std::move(wish);
  place_ = place;
  worker = on_worker;
  subscriber = std::move(opened);
  received_.clear();
  parser_ = std::make_unique<sse::StreamParser>(size_t{1} << 20);
  offered_.reset();
  position_ = place.base;
  opened_tick_ = log_.tick();
  told_tick_ = place.asks_for_what_is_there ? log_.tick() : 0;
  told_high_ = place.asks_for_what_is_there ? log_.gone_high() : PerTopic{};
  has_first_block_ = false;
  has_events_ = false;
  is_healthy_ = !place.gap && place.base == log_.committed();
  has_ended = false;
  asked_to_end = false;
  is_draining = false;
}

size_t Client::write(std::span<const std::string_view> pieces) {
  if (has_ended) {
    fail("written to after its end");
  }
  std::string offered;
  for (const std::string_view piece : pieces) {
    offered += piece;
  }
  const size_t taken = std::min(offered.size(), capacity);
  capacity -= capacity == kNoLimit ? 0 : taken;
  if (!is_draining) {
    note_offered_gap(offered);
  }
  is_healthy_ = is_healthy_ && taken == offered.size();
  received_.append(offered, 0, taken);
  take_blocks();
  if (meanwhile_) {
    meanwhile_();
  }
  return taken;
}

void Client::end() {
  if (!std::exchange(has_ended, true) && !asked_to_end) {
    const Due due = look();
    const bool is_due = due.any && due.expired;
    if (!is_due && !due.is_fuzzy) {
      fail("disconnected though it has lost nothing");
    }
    if (!due.disconnect && !due.is_fuzzy) {
      fail("disconnected against the policy");
    }
    if (is_healthy_ && is_due && !due.deleted && !due.is_short) {
      fail("disconnected though it was never slow");
    }
  }
}

bool Client::is_fuzzy() const {
  // A pattern takes what was dropped of any topic's tombstone for a loss of its own: told too
  // often, without a number.
  if (wish_.has_wildcards && log_.may_fold()) {
    return true;
  }
  bool found = false;
  each_topic(wish_.topics, [&](size_t topic) {
    // A pattern remembers of its forgotten topics only one common time and place.
    const uint64_t known = wish_.has_wildcards ? 0 : told_high_[topic];
    found = found || log_.fuzzy()[topic] > std::max(position_, known);
  });
  return found;
}

Client::Due Client::look() const {
  Due due{.tick = log_.tick(), .gone_high = log_.gone_high()};
  due.is_fuzzy = is_fuzzy();
  for (uint64_t seq = position_ + 1; seq <= log_.committed(); ++seq) {
    look_at_event(log_[seq], due);
  }
  return due;
}

void Client::look_at_event(const Logged& event, Due& due) const {
  if ((event.topics & wish_.topics) == 0) {
    return;
  }
  const bool is_lost = event.is_gone(wish_.topics) && event.gone_tick(wish_.topics) > told_tick_;
  due.any = due.any || is_lost;
  if (is_lost && wish_.wants(event)) {
    ++due.missed;
    due.before_open = due.before_open || event.gone_tick(wish_.topics) <= opened_tick_;
  }
  each_topic(event.topics & wish_.topics & ~event.retained, [&](size_t topic) {
    if (event.left_tick[topic] <= told_tick_) {
      return;
    }
    const bool was_deleted = (event.deleted >> topic & 1U) != 0;
    due.deleted = due.deleted || was_deleted;
    due.expired = due.expired || !was_deleted;
    // The broker's own events leave for each other, whoever has not read them.
    due.is_short = due.is_short || (log_.is_tight() && topics::is_reserved(kTopics[topic]));
    due.disconnect = due.disconnect || (is_lost && !was_deleted &&
                                        log_.policy(topic).lagged == topics::Lagged::kDisconnect);
  });
}

void Client::note_offered_gap(std::string_view offered) {
  const size_t at = offered.find(kGapLine);
  if (at == std::string_view::npos) {
    return;
  }
  offered_ = look();
  const size_t next = offered.find("\n\n", at) + 2;
  const size_t data = offered.find("\ndata: ", next);
  if (data != std::string_view::npos) {
    if (const Logged* event = log_.of_serial(serial_in(offered.substr(data + 7)))) {
      offered_->resumed = event->seq - 1;
    }
  }
}

void Client::take_blocks() {
  size_t begin = has_first_block_ ? 0 : kHead.size();
  for (;;) {
    const size_t end = received_.find("\n\n", begin);
    if (end == std::string::npos) {
      break;
    }
    const std::string text = received_.substr(begin, end + 2 - begin);
    begin = end + 2;
    const Status status = parser_->feed(text, [&](sse::Block&& block) -> Status {
      take(std::move(block), text);
      return Ok{};
    });
    if (!status) {
      fail("unreadable: " + text);
    }
  }
  if (has_first_block_) {
    received_.erase(0, begin);
  }
}

void Client::take(sse::Block&& block, std::string_view text) {
  if (!std::exchange(has_first_block_, true)) {
    take_first(block);
    return;
  }
  if (block.id) {
    last_id = *block.id;
  }
  if (block.event == "ringcast.gap") {
    take_gap(block.id.value_or(""), block.data.value_or(""));
  } else if (block.data) {
    take_event(block, text);
  } else if (block.id) {
    const auto position = sse::parse_position(*block.id);
    if (!position || position->seq < position_) {
      fail("an id block goes back: " + *block.id);
      return;
    }
    account(position->seq);
  }
}

void Client::take_first(const sse::Block& block) {
  if (block.data || block.event || !block.retry_ms) {
    fail("the first block is not as it should be");
  }
  if (place_.gap) {
    if (block.id) {
      fail("the first block moves the resume point before the gap was told");
    }
  } else if (block.id != sse::format_position(kEpoch, place_.base)) {
    fail("starts at " + block.id.value_or("nothing") + " instead of " +
         std::to_string(place_.base));
  }
  if (block.id) {
    last_id = *block.id;
  }
}

void Client::take_event(const sse::Block& block, std::string_view text) {
  const Logged* event = log_.of_serial(serial_in(*block.data));
  if (place_.gap) {
    fail("an event before the gap that says that its place is unknown");
  } else if (event == nullptr) {
    fail("got an event that was not stored: " + *block.data);
  } else if (!wish_.wants(*event)) {
    fail("got an event that it does not want: " + *block.data);
  } else if (event->seq <= position_) {
    fail("event " + std::to_string(event->seq) + " again or too late, after " +
         std::to_string(position_));
  } else if (text != event->block) {
    fail("event " + std::to_string(event->seq) + " is garbled");
  } else {
    account(event->seq - 1);
    position_ = event->seq;
    has_events_ = true;
    ++delivered;
  }
}

void Client::take_gap(const std::string& id, const std::string& data) {
  ++gaps_told;
  const auto resumed = sse::parse_position(id);
  if (!offered_ || !resumed || resumed->epoch != kEpoch || id != member(data, "resumed")) {
    fail("a gap without a place to resume from: " + data);
    return;
  }
  const Due due = *std::exchange(offered_, std::nullopt);
  if (due.resumed && *due.resumed != resumed->seq) {
    fail("a gap does not resume just before the next event: " + data);
  }
  const std::string reason = member(data, "reason");
  const std::string missed = member(data, "missed");
  if (place_.gap) {
    if (reason != sse::name_of(*place_.gap) || missed != "null" ||
        member(data, "requested") != wish_.spec.start.last_event_id) {
      fail("the gap for an unknown place is wrong: " + data);
    }
    place_.gap.reset();
  } else {
    check_gap(due, reason, missed);
  }
  told_tick_ = due.tick;
  told_high_ = due.gone_high;
  has_events_ = true;
  if (resumed->seq < position_) {
    fail("a gap goes back: " + data);
    return;
  }
  account(resumed->seq);
}

void Client::check_gap(const Due& due, const std::string& reason, const std::string& missed) {
  const bool is_filtered = !wish_.spec.types.empty();
  const std::string told = "a gap tells " + reason + " " + missed + " but ";
  if (missed == "null") {
    if (!is_filtered && !due.is_fuzzy) {
      fail(told + "exactly " + std::to_string(due.missed) + " are known to be missing");
    }
  } else if (is_filtered || missed != std::to_string(due.missed)) {
    fail(told + std::to_string(due.missed) + " are missing");
  }
  if (!due.any && !due.is_fuzzy) {
    fail(told + "nothing is missing");
  }
  if (is_healthy_ && due.any && due.expired && !due.deleted && !due.is_short) {
    fail(told + "it was never slow");
  }
  if (due.is_fuzzy) {
    return;  // Who lost what, and why, is hearsay in part.
  }
  if (reason != "deleted" && reason != "expired" && reason != "lagged") {
    fail(told + "that is no reason here");
  }
  if ((reason == "deleted" && !due.deleted) || (reason != "deleted" && !due.expired)) {
    fail(told + "that is not why");
  }
  if ((reason == "expired" && has_events_) || (reason == "lagged" && due.before_open)) {
    fail(told + "it was not then");
  }
  if (reason == "lagged" && due.disconnect && !due.deleted) {
    fail(told + "the policy wants it disconnected");
  }
}

void Client::account(uint64_t up_to) {
  expect_accounted(up_to);
  position_ = std::max(position_, up_to);
}

// Everything that it wanted up to here was written, or told to be missing.
void Client::expect_accounted(uint64_t up_to) const {
  if (up_to > log_.committed()) {
    fail("moved into the future");
    return;
  }
  if (place_.gap) {
    fail("the unknown place was never told");
  }
  for (uint64_t seq = position_ + 1; seq <= up_to; ++seq) {
    const Logged& event = log_[seq];
    const bool was_told =
        event.is_gone(wish_.topics) && event.gone_tick(wish_.topics) <= told_tick_;
    if (wish_.wants(event) && !was_told) {
      fail("event " + std::to_string(seq) + " is missing in silence");
    }
  }
}

void Client::fail(const std::string& what) const {
  std::string who = "a reader of";
  for (const std::string& pattern : wish_.spec.patterns) {
    who += " " + pattern;
  }
  verdict_.fail(who + ": " + what);
}

}  // namespace ringcast::model
