#pragma once

#include <cstdint>
#include <string_view>

// The tables of a journal, for those who write it and those who look at it (docs/journal.md).
namespace ringcast::journal {

constexpr std::string_view kDatabaseFile = "journal.db";
constexpr std::string_view kMarkFile = "journal.mark";  // Proves that the database is not a copy.
constexpr std::string_view kLockFile = "journal.lock";  // flock()ed by who writes.

constexpr int32_t kApplicationId = 0x52434A4C;  // "RCJL", PRAGMA application_id.
constexpr int32_t kSchemaVersion = 1;           // PRAGMA user_version.

// events.topic: the number of its only topic, or of the first of several; then events.topics has
// all their names, joined by LF. events.id: the publisher's own. events.block: the SSE block
// without its id line, as sse::Event::body() gives it. topics.private: it had such events. entries:
// see topics::Placement. holes: see topics::JournalStart.
constexpr std::string_view kSchema = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE topics(number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
                    gone_high INTEGER NOT NULL, deleted_high INTEGER NOT NULL,
                    private INTEGER NOT NULL);
CREATE TABLE events(seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, topic INTEGER NOT NULL,
                    topics TEXT, id TEXT, private INTEGER NOT NULL, block BLOB NOT NULL);
CREATE INDEX events_by_id ON events(id, seq) WHERE id IS NOT NULL;
CREATE TABLE entries(topic INTEGER NOT NULL, seq INTEGER NOT NULL, nth INTEGER NOT NULL,
                     bytes_through INTEGER NOT NULL, PRIMARY KEY(topic, seq)) WITHOUT ROWID;
CREATE TABLE keys(key BLOB PRIMARY KEY, accepted INTEGER NOT NULL, first_id TEXT NOT NULL,
                  last_id TEXT NOT NULL, time INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX keys_by_time ON keys(time);
CREATE TABLE holes(low INTEGER PRIMARY KEY, high INTEGER NOT NULL);
)sql";

}  // namespace ringcast::journal
