#include "journal/import.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "journal/create.h"
#include "journal/inspect.h"
#include "journal/schema.h"

namespace ringcast::journal {

namespace {

constexpr uint64_t kMostPendingEvents = 4096;
constexpr size_t kMostPendingBytes = 16 << 20;

constexpr std::string_view kInsertEvent =
    "INSERT INTO events(seq, time, topic, topics, id, block) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
constexpr std::string_view kInsertEntry =
    "INSERT INTO entries(topic, seq, nth, bytes_through) VALUES (?1, ?2, ?3, ?4)";
constexpr std::string_view kSetMeta = "INSERT OR REPLACE INTO meta(name, value) VALUES (?1, ?2)";

// The highest sequence that anything says was used. A reader of a daemon knows no higher one.
constexpr std::string_view kSequence = R"sql(
SELECT max(ifnull((SELECT max(seq) FROM events), 0), ifnull((SELECT max(gone_high) FROM topics), 0),
           ifnull((SELECT max(value) FROM meta WHERE name IN
                   ('reserved', 'last', 'forgotten_high')), 0)))sql";
constexpr std::string_view kLastTime = R"sql(
SELECT max(ifnull((SELECT time FROM events ORDER BY seq DESC LIMIT 1), 0),
           ifnull((SELECT value FROM meta WHERE name = 'last_time'), 0)))sql";
std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text.append(text.empty() ? "" : "\n").append(name);
  }
  return text;
}

// Nothing is written to something that is no journal. And what a crash left is for a daemon to sort
// out: only the mark may tell which of the last events count.
Status check_suitable(const std::string& directory) {
  auto database = open_to_look(directory);
  if (!database) {
    return std::move(database).failure();
  }
  const auto clean = database->integer("SELECT value FROM meta WHERE name = 'clean'");
  if (!clean) {
    return fail(clean.error().code, clean.error().detail);
  }
  if (clean->value_or(1) == 0 && file_exists(path_in(directory, kMarkFile))) {
    return fail(Errc::kForbidden,
                directory + " was left by a crash: start its daemon and end it first");
  }
  return Ok{};
}

}  // namespace

Importer::Importer(std::string directory, std::string epoch, const Clock& clock, Parts parts)
    : directory_(std::move(directory)),
      epoch_(std::move(epoch)),
      clock_(clock),
      lock_(std::move(parts.lock)),
      database_(std::move(parts.database)),
      statements_(std::move(parts.statements)),
      tails_(std::move(parts.tails)),
      reader_(epoch_) {}

Result<std::unique_ptr<Importer>> Importer::open(const std::string& directory,
                                                 const std::string& fresh_epoch,
                                                 const Clock& clock) {
  auto lock = DirectoryLock::take(directory);
  if (!lock) {
    return std::move(lock).failure();
  }
  const std::string path = path_in(directory, kDatabaseFile);
  if (!file_exists(path)) {
    if (Status created = create(directory, fresh_epoch); !created) {
      return std::move(created).failure();
    }
  }
  if (Status suitable = check_suitable(directory); !suitable) {
    return std::move(suitable).failure();
  }
  auto database = ToolDatabase::open(path, ToolDatabase::Mode::kWrite);
  if (!database) {
    return std::move(database).failure();
  }
  if (Status set = database->execute("PRAGMA synchronous = FULL"); !set) {
    return std::move(set).failure();
  }
  auto statements = prepare(*database);
  if (!statements) {
    return std::move(statements).failure();
  }
  auto tails = TopicTails::open(*database);
  if (!tails) {
    return std::move(tails).failure();
  }
  auto importer = std::make_unique<Importer>(
      directory, fresh_epoch, clock,
      Parts{std::move(*lock), std::move(*database), std::move(*statements), std::move(*tails)});
  if (Status read = importer->read_ends(); !read) {
    return std::move(read).failure();
  }
  return importer;
}

Result<Importer::Statements> Importer::prepare(ToolDatabase& database) {
  auto event = database.prepare(kInsertEvent);
  auto entry = database.prepare(kInsertEntry);
  auto meta = database.prepare(kSetMeta);
  for (auto* statement : {&event, &entry, &meta}) {
    if (!*statement) {
      return std::move(*statement).failure();
    }
  }
  return Statements{std::move(*event), std::move(*entry), std::move(*meta)};
}

Status Importer::read_ends() {
  auto sequence = database_.integer(kSequence);
  if (!sequence) {
    return std::move(sequence).failure();
  }
  auto time_ms = database_.integer(kLastTime);
  if (!time_ms) {
    return std::move(time_ms).failure();
  }
  sequence_ = static_cast<uint64_t>(sequence->value_or(0));
  last_time_ms_ = time_ms->value_or(0);
  return Ok{};
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
  const int64_t time_ms = std::max(std::min(read->time_ms.value_or(now_ms), now_ms), last_time_ms_);
  sse::Event& event = *read->event;
  event.seal(epoch_, sequence_ + 1, time_ms);
  if (Status begun = begin(); !begun) {
    return begun;
  }
  if (Status written = write(event); !written) {
    return written;
  }
  sequence_ = event.seq();
  last_time_ms_ = time_ms;
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
  const std::string mark = path_in(directory_, kMarkFile);
  if (unlink(mark.c_str()) == 0) {
    if (Status synced = sync_directory(directory_); !synced) {
      return synced;
    }
  } else if (errno != ENOENT) {
    return fail(Errc::kStorage, mark + ": " + std::strerror(errno));
  }
  Status begun = database_.execute("BEGIN IMMEDIATE");
  is_begun_ = begun.has_value();
  return begun;
}

Status Importer::write(const sse::Event& event) {
  uint64_t first = 0;
  for (const std::string& topic : event.topics()) {
    auto tail = tails_.find_or_add(topic);
    if (!tail) {
      return std::move(tail).failure();
    }
    first = first == 0 ? (*tail)->number : first;
    if (Status written = write_entry(event, **tail); !written) {
      return written;
    }
  }
  return write_event(event, first);
}

Status Importer::write_event(const sse::Event& event, uint64_t topic) {
  const std::string topics = joined(event.topics());
  ToolStatement& insert = statements_.event;
  insert.bind(1, event.seq());
  insert.bind(2, event.time_ms());
  insert.bind(3, topic);
  insert.bind_null(4);
  if (event.topics().size() > 1) {
    insert.bind(4, topics);
  }
  insert.bind_null(5);
  if (event.has_publisher_id()) {
    insert.bind(5, event.id());
  }
  insert.bind_blob(6, event.body());
  return insert.run();
}

Status Importer::write_entry(const sse::Event& event, TopicTails::Tail& tail) {
  ++tail.nth;
  tail.bytes_through += event.wire().size();
  ToolStatement& insert = statements_.entry;
  insert.bind(1, tail.number);
  insert.bind(2, event.seq());
  insert.bind(3, tail.nth);
  insert.bind(4, tail.bytes_through);
  return insert.run();
}

Status Importer::commit() {
  if (!is_begun_) {
    return Ok{};
  }
  if (Status written = write_meta(); !written) {
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

Status Importer::write_meta() {
  const std::string more = "UPDATE meta SET value = value + " + std::to_string(pending_events_) +
                           " WHERE name = 'events'";
  if (Status done = database_.execute(more.c_str()); !done) {
    return done;
  }
  ToolStatement& set = statements_.meta;
  for (const std::string_view name : {"reserved", "last"}) {
    set.bind(1, name);
    set.bind(2, sequence_);
    if (Status done = set.run(); !done) {
      return done;
    }
  }
  set.bind(1, std::string_view("last_time"));
  set.bind(2, last_time_ms_);
  if (Status done = set.run(); !done) {
    return done;
  }
  set.bind(1, std::string_view("epoch"));
  set.bind(2, std::string_view(epoch_));
  return set.run();
}

}  // namespace ringcast::journal
