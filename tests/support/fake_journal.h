#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "topics/journal.h"

namespace ringcast {

// A journal that only counts what it is given, and fails when the test says so.
class FakeJournal : public topics::Journal {
 public:
  explicit FakeJournal(topics::JournalStart start = {.epoch = "e"}) : start_(std::move(start)) {}

  const topics::JournalStart& start() const override { return start_; }
  Result<std::vector<topics::StoredTopic>> topics(uint64_t after, size_t /*limit*/) override {
    return after == 0 ? stored : std::vector<topics::StoredTopic>();
  }
  Result<std::vector<std::unique_ptr<sse::Event>>> newest(uint64_t /*before*/, size_t /*limit*/,
                                                          size_t /*bytes*/) override {
    return std::vector<std::unique_ptr<sse::Event>>();
  }
  Result<std::vector<topics::JournalKey>> keys() override {
    return std::vector<topics::JournalKey>();
  }

  Status write(const topics::Changes& changes) override {
    ++writes;
    if (failure) {
      return Failure{*failure};
    }
    uint64_t used = 0;
    for (const topics::JournalHead& head : events) {
      used += is_erased(head, changes) ? 0 : head.bytes;
    }
    for (const topics::JournalEvent& each : changes.events) {
      used += each.event->body().size();
    }
    if (capacity > 0 && used > capacity) {
      return fail(Errc::kStorageFull, "full");
    }
    for (const topics::JournalEvent& each : changes.events) {
      const sse::Event& event = *each.event;
      events.push_back({event.seq(), event.time_ms(), each.placement.nth,
                        each.placement.bytes_through, event.body().size(), event.topics()});
    }
    std::erase_if(events,
                  [&](const topics::JournalHead& head) { return is_erased(head, changes); });
    for (const topics::JournalTopic& topic : changes.topics) {
      rows[topic.number] = topic;
    }
    for (const uint64_t number : changes.dropped_topics) {
      rows.erase(number);
    }
    keys_written += changes.keys.size();
    return Ok{};
  }
  Status reserve(uint64_t seq) override {
    reserved = std::max(reserved, seq);
    return Ok{};
  }
  bool is_unsynced() const override { return false; }
  Status sync() override { return Ok{}; }
  Result<std::vector<topics::JournalHead>> oldest_of(uint64_t topic, uint64_t gone_high,
                                                     size_t limit, uint64_t bytes) override {
    std::vector<topics::JournalHead> found;
    uint64_t before = 0;  // The bytes of all but the last.
    for (const topics::JournalHead& head : events) {
      if (head.seq > gone_high && found.size() < limit && before < bytes &&
          std::find(head.topics.begin(), head.topics.end(), rows[topic].name) !=
              head.topics.end()) {
        before += found.empty() ? 0 : found.back().bytes;
        found.push_back(head);
      }
    }
    return found;
  }
  Result<std::vector<topics::JournalHead>> oldest(size_t limit, uint64_t bytes) override {
    std::vector<topics::JournalHead> found;
    uint64_t before = 0;
    while (found.size() < std::min(events.size(), limit) && before < bytes) {
      before += found.empty() ? 0 : found.back().bytes;
      found.push_back(events[found.size()]);
    }
    return found;
  }
  topics::JournalUsage usage() const override {
    if (capacity == 0) {
      return disk;
    }
    uint64_t used = 0;
    for (const topics::JournalHead& head : events) {
      used += head.bytes;
    }
    return {.used_bytes = used, .limit_bytes = capacity, .room_bytes = capacity - used};
  }
  void set_max_bytes(uint64_t /*bytes*/) override {}
  Result<bool> shrink() override { return false; }
  Result<std::unique_ptr<topics::JournalReader>> open_reader() override {
    return std::unique_ptr<topics::JournalReader>();
  }
  Status close() override { return Ok{}; }

  std::optional<Error> failure;  // Of every write.
  uint64_t capacity = 0;         // Bytes of events. 0: `disk` says what there is.
  uint64_t reserved = 0;
  std::vector<topics::StoredTopic> stored;  // From before the start.
  topics::JournalUsage disk{.limit_bytes = 1 << 30, .room_bytes = 1 << 30};
  std::vector<topics::JournalHead> events;  // With the placement in the first topic.
  std::map<uint64_t, topics::JournalTopic> rows;
  size_t writes = 0;
  size_t keys_written = 0;

 private:
  static bool is_erased(const topics::JournalHead& head, const topics::Changes& changes) {
    return std::binary_search(changes.erased_events.begin(), changes.erased_events.end(), head.seq);
  }

  topics::JournalStart start_;
};

}  // namespace ringcast
