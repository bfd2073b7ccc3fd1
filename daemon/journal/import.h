#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "journal/directory.h"
#include "journal/import_line.h"
#include "journal/import_topics.h"
#include "journal/tool_database.h"

namespace ringcast::journal {

// Puts events behind those of a journal that no daemon uses, or into a new one. What was there
// stays, but the journal starts a new epoch: ids that clients have mean nothing afterwards. One
// thread. Memory does not depend on the number of events.
class Importer {
 public:
  // Holds the journal's lock from here to the end. `directory` exists; `clock` outlives this.
  // `fresh_epoch` for the time until a daemon takes its own. kForbidden when a daemon uses it, else
  // kStorage, kStorageFull.
  static Result<std::unique_ptr<Importer>> open(const std::string& directory,
                                                const std::string& fresh_epoch, const Clock& clock);
  Importer(const Importer&) = delete;
  Importer& operator=(const Importer&) = delete;
  ~Importer() = default;  // Without commit() the last events are not taken.

  // Adds a line that export wrote, or a blank one. kInvalid, kTooLarge: it is no such line; nothing
  // of it was taken. kStorageFull, kStorage: nothing since the last commit() was.
  Status add(std::string_view line);
  // Happens by itself every few thousand events, too. Afterwards they are on the disk.
  Status commit();
  // Those that were committed.
  [[nodiscard]] uint64_t events() const { return committed_; }

 private:
  struct Statements {
    ToolStatement event;
    ToolStatement entry;
    ToolStatement meta;
  };
  struct Parts {
    DirectoryLock lock;
    ToolDatabase database;
    Statements statements;
    TopicTails tails;
  };

 public:
  // For open().
  Importer(std::string directory, std::string epoch, const Clock& clock, Parts parts);

 private:
  static Result<Statements> prepare(ToolDatabase& database);
  Status read_ends();
  Status begin();
  Status write(const sse::Event& event);
  Status write_event(const sse::Event& event, uint64_t topic);
  Status write_entry(const sse::Event& event, TopicTails::Tail& tail);
  Status write_meta();

  const std::string directory_;
  const std::string epoch_;
  const Clock& clock_;
  DirectoryLock lock_;
  ToolDatabase database_;
  Statements statements_;
  TopicTails tails_;
  ImportLineReader reader_;
  uint64_t sequence_ = 0;
  int64_t last_time_ms_ = 0;
  uint64_t committed_ = 0;
  uint64_t pending_events_ = 0;
  size_t pending_bytes_ = 0;
  bool is_begun_ = false;
};

}  // namespace ringcast::journal
