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
    for (const topics::JournalEvent& each : changes.events) {
      const sse::Event& event = *each.event;
      events.push_back({event.seq(), event.time_ms(), each.placement.nth,
                        each.placement.bytes_through, event.topics()});
    }
    for (const topics::JournalTopic& topic : changes.topics) {
      rows[topic.number] = topic;
    }
    for (const uint64_t number : changes.dropped_topics) {
      rows.erase(number);
    }
    for (const uint64_t seq : changes.erased_events) {
      std::erase_if(events, [seq](const topics::JournalHead& head) { return head.seq == seq; });
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
                                                     size_t limit) override {
    std::vector<topics::JournalHead> found;
    for (const topics::JournalHead& head : events) {
      if (head.seq > gone_high && found.size() < limit &&
          std::find(head.topics.begin(), head.topics.end(), rows[topic].name) !=
              head.topics.end()) {
        found.push_back(head);
      }
    }
    return found;
  }
  Result<std::vector<topics::JournalHead>> oldest(size_t limit) override {
    return std::vector<topics::JournalHead>(
        events.begin(),
        events.begin() + static_cast<std::ptrdiff_t>(std::min(limit, events.size())));
  }
  topics::JournalUsage usage() const override { return disk; }
  void set_max_bytes(uint64_t /*bytes*/) override {}
  Result<std::unique_ptr<topics::JournalReader>> open_reader() override {
    return std::unique_ptr<topics::JournalReader>();
  }
  Status close() override { return Ok{}; }

  std::optional<Error> failure;  // Of every write.
  uint64_t reserved = 0;
  std::vector<topics::StoredTopic> stored;  // From before the start.
  topics::JournalUsage disk{.limit_bytes = 1 << 30};
  std::vector<topics::JournalHead> events;  // With the placement in the first topic.
  std::map<uint64_t, topics::JournalTopic> rows;
  size_t writes = 0;
  size_t keys_written = 0;

 private:
  topics::JournalStart start_;
};

}  // namespace ringcast
