#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "journal/change_rows.h"
#include "journal/folder.h"
#include "journal/import_line.h"
#include "journal/import_topics.h"
#include "journal/meta.h"
#include "journal/sqlite.h"

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
  Importer(Folder folder, File lock, Database database, const std::string& fresh_epoch,
           const Clock& clock)
      : folder_(std::move(folder)),
        lock_(std::move(lock)),
        database_(std::move(database)),
        clock_(clock),
        reader_(fresh_epoch) {}
  Status prepare(const std::string& fresh_epoch);
  Status begin();
  Status write(const sse::Event& event);

  const Folder folder_;
  const File lock_;
  Database database_;
  const Clock& clock_;
  Meta meta_;
  ChangeRows rows_{database_};
  TopicTails tails_{database_};
  ImportLineReader reader_;
  uint64_t committed_ = 0;
  uint64_t pending_events_ = 0;
  size_t pending_bytes_ = 0;
  bool is_begun_ = false;
};

}  // namespace ringcast::journal
