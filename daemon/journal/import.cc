#include "journal/import.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "journal/database_file.h"

namespace ringcast::journal {

namespace {

constexpr uint64_t kMostPendingEvents = 4096;
constexpr size_t kMostPendingBytes = 16 << 20;

}  // namespace

Result<std::unique_ptr<Importer>> Importer::open(const std::string& directory,
                                                 const std::string& fresh_epoch,
                                                 const Clock& clock) {
  Folder folder(directory);
  if (Status there = folder.make_when_missing(); !there) {
    return std::move(there).failure();
  }
  if (Status usable = folder.check(); !usable) {
    return std::move(usable).failure();
  }
  auto lock = folder.take_lock();
  if (!lock) {
    return std::move(lock).failure();
  }
  if (Status made = create_when_missing(folder, fresh_epoch); !made) {
    return std::move(made).failure();
  }
  auto database = open_to_write(folder);
  if (!database) {
    return std::move(database).failure();
  }
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the constructor is private.
  std::unique_ptr<Importer> importer(
      new Importer(std::move(folder), std::move(*lock), std::move(*database), fresh_epoch, clock));
  if (Status prepared = importer->prepare(fresh_epoch); !prepared) {
    return std::move(prepared).failure();
  }
  return importer;
}

Status Importer::prepare(const std::string& fresh_epoch) {
  if (Status set = database_.execute("PRAGMA synchronous=FULL"); !set) {
    return set;
  }
  auto meta = read_meta(database_);
  if (!meta) {
    return std::move(meta).failure();
  }
  meta_ = std::move(*meta);
  // What a crash left is for a daemon to sort out: only the mark may tell which of the last events
  // count.
  if (!meta_.is_clean && identity_of(folder_.mark())) {
    return fail(Errc::kForbidden,
                folder_.database() + " was left by a crash: start its daemon and end it first");
  }
  int64_t newest = 0;
  int64_t gone = 0;
  int64_t time = 0;
  Status read =
      database_.read_numbers({{"SELECT max(seq) FROM events", &newest},
                              {"SELECT max(gone_high) FROM topics", &gone},
                              {"SELECT time FROM events ORDER BY seq DESC LIMIT 1", &time}});
  if (!read) {
    return read;
  }
  // The highest sequence that anything says was used: nobody knows a higher one.
  meta_.last = std::max({meta_.reserved, meta_.last, meta_.forgotten_high,
                         static_cast<uint64_t>(newest), static_cast<uint64_t>(gone)});
  meta_.last_time = std::max(meta_.last_time, time);
  meta_.epoch = fresh_epoch;
  if (Status prepared = rows_.prepare(); !prepared) {
    return prepared;
  }
  return tails_.prepare();
}

Status Importer::add(std::string_view line) {
  line = trim(line);
  if (line.empty()) {
    return Ok{};
  }
  auto read = reader_.read(line);
  if (!read) {
    return std::move(read).failure();
  }
  // A time that is still to come would hold up the times of all events after it.
  const int64_t now_ms = clock_.unix_ms();
  const int64_t time_ms =
      std::max(std::min(read->time_ms.value_or(now_ms), now_ms), meta_.last_time);
  sse::Event& event = *read->event;
  event.seal(meta_.epoch, meta_.last + 1, time_ms);
  if (Status begun = begin(); !begun) {
    return begun;
  }
  if (Status written = write(event); !written) {
    return written;
  }
  meta_.last = event.seq();
  meta_.last_time = time_ms;
  ++pending_events_;
  pending_bytes_ += event.wire().size();
  const bool is_enough =
      pending_events_ >= kMostPendingEvents || pending_bytes_ >= kMostPendingBytes;
  return is_enough ? commit() : Ok{};
}

// Before the first change: a daemon that finds no mark starts a new epoch, whatever follows here.
Status Importer::begin() {
  if (is_begun_) {
    return Ok{};
  }
  if (::unlink(folder_.mark().c_str()) == 0) {
    if (Status synced = folder_.sync(); !synced) {
      return synced;
    }
  } else if (errno != ENOENT) {
    return system_failure(folder_.mark());
  }
  Status begun = database_.execute("BEGIN IMMEDIATE");
  is_begun_ = begun.has_value();
  return begun;
}

Status Importer::write(const sse::Event& event) {
  topics::Changes changes;
  topics::JournalEvent row{.event = &event};
  for (const std::string& topic : event.topics()) {
    auto place = tails_.append(topic, event.wire().size(), changes.topics);
    if (!place) {
      return std::move(place).failure();
    }
    if (row.placement.topic == 0) {
      row.placement = *place;
    } else {
      row.others.push_back(*place);
    }
  }
  changes.events.push_back(std::move(row));
  return rows_.write(changes, meta_.last, meta_.last_time);
}

Status Importer::commit() {
  if (!is_begun_) {
    return Ok{};
  }
  meta_.reserved = meta_.last;
  meta_.events += pending_events_;
  if (Status written = write_meta(database_, meta_); !written) {
    return written;
  }
  if (Status done = database_.execute("COMMIT"); !done) {
    return done;
  }
  is_begun_ = false;
  committed_ += pending_events_;
  pending_events_ = 0;
  pending_bytes_ = 0;
  return Ok{};
}

}  // namespace ringcast::journal
