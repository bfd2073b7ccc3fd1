#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "journal/journal.h"
#include "journal/schema.h"
#include "sse/event.h"

namespace ringcast::journal {

// A folder that goes with its tests.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "ringcast-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }
  [[nodiscard]] std::string string() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

inline std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline bool contains(std::string_view text, std::string_view part) {
  CAPTURE(text);
  const bool does = text.find(part) != std::string_view::npos;
  CHECK(does);
  return does;
}

// In place: the file stays the same one.
inline void overwrite(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
}

// A journal and what the hub would know of it: its topics, and where its sequence stands.
class House {
 public:
  House() { options.path = folder.string(); }

  void open() {
    auto opened = journal::open(options, surroundings);
    REQUIRE_MESSAGE(opened, opened.error().detail);
    journal = std::move(opened->journal);
    notes = std::move(opened->notes);
    seq = journal->start().last_seq;
    topics_.clear();
    auto stored = journal->topics(0, 1000);
    REQUIRE(stored);
    for (const auto& topic : *stored) {
      topics_[topic.row.name] = {topic.row.number, topic.nth, topic.bytes_through};
      next_number_ = std::max(next_number_, topic.row.number);
    }
  }
  // The end of a process: nothing is said to the journal.
  void crash() {
    reader_.reset();
    journal.reset();
  }
  void close() {
    reader_.reset();
    auto closed = journal->close();
    CHECK_MESSAGE(closed, closed.error().detail);
    journal.reset();
  }
  std::string refusal(Errc code = Errc::kStorage) const {
    auto opened = journal::open(options, surroundings);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == code);
    return opened.error().detail;
  }

  // Adds an event to what write() will write.
  sse::Event& add(std::vector<std::string> names, const sse::EventFields& fields) {
    auto event = sse::Event::encode(fields, names);
    event->seal(journal->start().epoch, ++seq, now_ms);
    topics::JournalEvent row{.event = event.get()};
    std::vector<topics::Placement> placements;
    for (const std::string& name : names) {
      State& state = topics_[name];
      if (state.number == 0) {
        state.number = ++next_number_;
        changes.topics.push_back({.number = state.number, .name = name});
      }
      state.bytes_through += event->wire().size();
      placements.push_back({state.number, ++state.nth, state.bytes_through});
    }
    row.placement = placements.front();
    row.others.assign(placements.begin() + 1, placements.end());
    changes.events.push_back(row);
    pending.push_back(std::move(event));
    return *pending.back();
  }
  Status try_write() {
    auto written = journal->write(changes);
    changes = {};
    pending.clear();
    return written;
  }
  void write() {
    auto written = try_write();
    REQUIRE_MESSAGE(written, written.error().detail);
  }
  uint64_t publish(const std::string& topic, std::string_view data = "x") {
    add({topic}, {.data = data});
    write();
    return seq;
  }
  // What the hub does to make room: the oldest events leave all their topics.
  void trim(size_t events) {
    auto heads = journal->oldest(events, UINT64_MAX);
    REQUIRE(heads);
    std::map<uint64_t, uint64_t> highs;
    for (const auto& head : *heads) {
      changes.erased_events.push_back(head.seq);
      for (const std::string& name : head.topics) {
        highs[topics_[name].number] = head.seq;
      }
    }
    changes.erased_entries.assign(highs.begin(), highs.end());
  }

  uint64_t number(const std::string& topic) { return topics_.at(topic).number; }
  std::vector<uint64_t> seqs(topics::PageQuery query = {.topics = {.patterns = {"**"}}}) {
    if (query.up_to == 0) {
      query.up_to = seq;
    }
    if (!reader_) {
      auto reader = journal->open_reader();
      REQUIRE_MESSAGE(reader, reader.error().detail);
      reader_ = std::move(*reader);
    }
    auto page = reader_->read(query);
    REQUIRE_MESSAGE(page, page.error().detail);
    end = page->end;
    std::vector<uint64_t> found;
    for (const auto& event : page->events) {
      found.push_back(event->seq());
    }
    return found;
  }

  TemporaryFolder folder;
  Options options;
  Surroundings surroundings{.fresh_epoch = "e1", .boot_id = "boot-1"};
  std::unique_ptr<topics::Journal> journal;
  std::vector<std::string> notes;
  uint64_t seq = 0;
  int64_t now_ms = 1'000'000;
  topics::Changes changes;
  std::vector<std::unique_ptr<sse::Event>> pending;
  uint64_t end = 0;  // Of the last page.

 private:
  struct State {
    uint64_t number = 0;
    uint64_t nth = 0;
    uint64_t bytes_through = 0;
  };
  std::map<std::string, State> topics_;
  uint64_t next_number_ = 0;
  std::unique_ptr<topics::JournalReader> reader_;
};

}  // namespace ringcast::journal
