#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sse/event.h"
#include "topics/matcher.h"

// The port to what survives the process. The hub decides what is written, what is visible and what
// leaves; a journal only keeps rows. Behind it: journal/.
namespace ringcast::topics {

// Where an event stands in one of its topics. The count has no holes, and what leaves a topic is
// always its oldest part: so the oldest and the newest placement say how much the topic holds.
struct Placement {
  uint64_t topic = 0;          // The topic's number: given by the hub, never used again.
  uint64_t nth = 0;            // Counts the events of the topic's life, from 1.
  uint64_t bytes_through = 0;  // Of their wire blocks, up to and including this one.
};

struct JournalEvent {
  const sse::Event* event = nullptr;  // Sealed.
  Placement placement;                // In its first topic that is journaled.
  std::vector<Placement> others;      // In the others.
};

// A topic's row. Events at or below `gone_high` are gone whatever entries there still are.
struct JournalTopic {
  uint64_t number = 0;
  std::string name;
  uint64_t gone_high = 0;
  uint64_t deleted_high = 0;  // By DELETE up to here.
  bool has_private = false;   // Had private events. The journal sees to it.
};

// The answer to a publish with an idempotency key.
struct JournalKey {
  std::string key;  // In its scope; any bytes.
  uint64_t accepted = 0;
  std::string first_id;
  std::string last_id;
  int64_t unix_ms = 0;
};

// One transaction. Dropped topics go first: their names may come again under other numbers.
struct Changes {
  std::vector<JournalEvent> events;                        // Ascending.
  std::vector<JournalTopic> topics;                        // New ones, and new highs of known ones.
  std::vector<uint64_t> dropped_topics;                    // Their rows go, with all entries.
  std::optional<std::pair<uint64_t, uint64_t>> forgotten;  // The highs of all that were dropped.
  std::vector<JournalKey> keys;
  int64_t keys_before_unix_ms = 0;                            // Older ones go.
  std::vector<std::pair<uint64_t, uint64_t>> erased_entries;  // Of a topic, up to a seq.
  std::vector<uint64_t> erased_events;  // Seqs that no topic holds any more, ascending.
  // Unused space that will be needed next: it is not given back to the disk.
  uint64_t spare_bytes = 0;

  [[nodiscard]] bool empty() const {
    return events.empty() && topics.empty() && dropped_topics.empty() && !forgotten &&
           keys.empty() && keys_before_unix_ms == 0 && erased_entries.empty() &&
           erased_events.empty();
  }
};

// An event without its bytes, for those who decide what has to leave.
struct JournalHead {
  uint64_t seq = 0;
  int64_t time_ms = 0;
  uint64_t nth = 0;            // In the topic that was asked about...
  uint64_t bytes_through = 0;  // ...and these, 0 when none was.
  uint64_t bytes = 0;          // Of the file, at least, when it goes.
  std::vector<std::string> topics;
};

// What is known when a journal was opened, before anything else is read.
struct JournalStart {
  std::string epoch;
  uint64_t last_seq = 0;  // The sequence goes on above it.
  // Where events may be lost, as the machine ended before they were safe: from above the first to
  // the second, ascending. Nothing else has these seqs.
  std::vector<std::pair<uint64_t, uint64_t>> holes;
  int64_t last_time_ms = 0;
  uint64_t forgotten_high = 0;  // See Changes::forgotten.
  uint64_t forgotten_deleted_high = 0;
  uint64_t events = 0;  // About so many, for the progress.
};

// A topic as it was left: what it holds above `gone_high`.
struct StoredTopic {
  JournalTopic row;
  uint64_t events = 0;
  uint64_t bytes = 0;
  uint64_t oldest_seq = 0;  // 0 without events, like the following.
  int64_t oldest_time_ms = 0;
  uint64_t newest_seq = 0;
  uint64_t nth = 0;            // Of the newest entry, also of one that is gone.
  uint64_t bytes_through = 0;  // Of the same.
};

struct JournalUsage {
  uint64_t used_bytes = 0;   // Pages that hold something.
  uint64_t limit_bytes = 0;  // What they may be at most, so that the file set stays in its bounds.
  uint64_t disk_bytes = 0;   // All files together.
  uint64_t room_bytes = 0;   // Can be written without anything leaving.
};

// Topics by their numbers. Without any, `patterns` and `matchers` say which.
struct TopicChoice {
  std::vector<uint64_t> numbers;
  std::vector<std::string> patterns;  // Checked.
  std::vector<MatcherRef> matchers;
};

// What to read: events of some topics in (after, up_to], in order.
struct PageQuery {
  uint64_t after = 0;
  uint64_t up_to = 0;
  TopicChoice topics;
  std::vector<std::string> types;  // Empty: all; "message" is an event without one.
  bool sees_private = false;
  SelectorsRef private_topics;  // As in Interest.
  size_t bytes = 64 << 10;      // A page ends with the event that passes one of these.
  size_t events = 512;
  size_t looked_at = 4096;
};

struct Page {
  std::vector<std::unique_ptr<sse::Event>> events;  // Sealed with the journal's epoch.
  uint64_t end = 0;  // Everything up to here was looked at: query.up_to, or less by the limits.
};

// Where a subscription wants to start, when memory cannot tell. One of the three.
struct PlaceQuery {
  TopicChoice topics;
  std::vector<std::string> types;
  bool sees_private = false;
  uint64_t up_to = 0;              // Nothing above is looked at.
  std::string publisher_id;        // The oldest event with this id, or nothing...
  uint64_t newest = 0;             // ...or the N-th newest event, or the oldest of fewer...
  int64_t since_ms = INT64_MIN;    // ...or the oldest event at or after this time.
  uint64_t looked_at = 1'000'000;  // No further back than so many events.
};

// Reads beside the writer. One thread at a time; open as many as there are threads.
class JournalReader {
 public:
  JournalReader() = default;
  JournalReader(const JournalReader&) = delete;
  JournalReader& operator=(const JournalReader&) = delete;
  virtual ~JournalReader() = default;

  // kStorage when the file cannot be read.
  virtual Result<Page> read(const PageQuery& query) = 0;
  // The seq of the event that the query means; 0 when there is none.
  virtual Result<uint64_t> find(const PlaceQuery& query) = 0;
};

// All but open_reader() is for one thread at a time. Errors: kStorageFull when the disk or the
// bounds of the file set are full, kStorage for everything else.
class Journal {
 public:
  Journal() = default;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  virtual ~Journal() = default;

  [[nodiscard]] virtual const JournalStart& start() const = 0;
  // The topics with a number above `after`, in the order of their numbers, at most `limit`.
  virtual Result<std::vector<StoredTopic>> topics(uint64_t after, size_t limit) = 0;
  // The newest events below `before`, newest first, at most `limit` of them or so many `bytes`.
  virtual Result<std::vector<std::unique_ptr<sse::Event>>> newest(uint64_t before, size_t limit,
                                                                  size_t bytes) = 0;
  virtual Result<std::vector<JournalKey>> keys() = 0;

  // All or nothing. When it returns, the changes are as safe as the journal's `sync` says, and
  // readers see them. After a failure nothing of them is there, also after a crash.
  virtual Status write(const Changes& changes) = 0;
  // Seqs up to this one are in use, also of events that are not written: a later start goes on
  // above it.
  virtual Status reserve(uint64_t seq) = 0;
  // Is there something that a power cut would take?
  [[nodiscard]] virtual bool is_unsynced() const = 0;
  virtual Status sync() = 0;
  // The oldest events of a topic above `gone_high`: at most `limit`, or as many as have `bytes` and
  // one more.
  virtual Result<std::vector<JournalHead>> oldest_of(uint64_t topic, uint64_t gone_high,
                                                     size_t limit, uint64_t bytes) = 0;
  // The oldest events of all, as many.
  virtual Result<std::vector<JournalHead>> oldest(size_t limit, uint64_t bytes) = 0;
  [[nodiscard]] virtual JournalUsage usage() const = 0;
  // Sets JournalUsage::limit_bytes from what the whole file set may take. Live.
  virtual void set_max_bytes(uint64_t bytes) = 0;
  // Gives some of the unused space back to the disk when the files take more than they may, as
  // every write() does, too. False: there was nothing to give back.
  virtual Result<bool> shrink() = 0;

  // Any thread.
  virtual Result<std::unique_ptr<JournalReader>> open_reader() = 0;
  // A clean end: afterwards nothing may be called. Without it the next start finds a crash.
  virtual Status close() = 0;
};

}  // namespace ringcast::topics
