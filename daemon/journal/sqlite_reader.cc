#include "journal/sqlite_reader.h"

#include <utility>
#include <vector>

#include "journal/event_rows.h"
#include "journal/event_walk.h"
#include "journal/place_finder.h"
#include "journal/schema.h"
#include "journal/sqlite.h"
#include "journal/wanted.h"

namespace ringcast::journal {

namespace {

using topics::Page;
using topics::PageQuery;
using topics::PlaceQuery;

class SqliteReader final : public topics::JournalReader {
 public:
  SqliteReader(Database database, std::string epoch, std::shared_ptr<ReaderGate> gate)
      : database_(std::move(database)),
        epoch_(std::move(epoch)),
        gate_(std::move(gate)),
        names_(database_),
        places_(database_, topic_rows_, walk_rows_) {}

  Status prepare();
  Result<Page> read(const PageQuery& query) override;
  Result<uint64_t> find(const PlaceQuery& query) override;

 private:
  Result<Page> read_page(const PageQuery& query);
  // Adds the event to the page if it has the right type; how many bytes that were.
  Result<size_t> add(uint64_t seq, const PageQuery& query, Page& page);
  // Runs `body` in a transaction: all that it reads is of one moment.
  template <typename Body>
  auto within_transaction(Body body) -> decltype(body());

  Database database_;
  std::string epoch_;
  std::shared_ptr<ReaderGate> gate_;
  TopicNames names_;
  TopicRows topic_rows_;
  WalkRows walk_rows_;
  Statement begin_;
  Statement end_;
  Statement event_;
  PlaceFinder places_;
};

Status SqliteReader::prepare() {
  if (auto set = database_.execute("PRAGMA query_only=ON; PRAGMA cache_size=-2048;"
                                   "PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;"
                                   "PRAGMA mmap_size=0; PRAGMA wal_autocheckpoint=0;");
      !set) {
    return set;
  }
  const std::string event = "SELECT " + std::string(kEventColumns) + " FROM events WHERE seq = ?";
  if (auto prepared =
          database_.prepare_all({{&begin_, "BEGIN"}, {&end_, "COMMIT"}, {&event_, event}});
      !prepared) {
    return prepared;
  }
  if (auto prepared = topic_rows_.prepare(database_); !prepared) {
    return prepared;
  }
  if (auto prepared = walk_rows_.prepare(database_); !prepared) {
    return prepared;
  }
  if (auto prepared = places_.prepare(); !prepared) {
    return prepared;
  }
  return names_.prepare();
}

template <typename Body>
auto SqliteReader::within_transaction(Body body) -> decltype(body()) {
  const ReaderGate::Visit visit(*gate_);
  if (const int code = begin_.run(); code != SQLITE_OK) {
    return database_.failure(code);
  }
  auto result = body();
  if (const int code = end_.run(); code != SQLITE_OK && result) {
    return database_.failure(code);
  }
  return result;
}

Result<Page> SqliteReader::read(const PageQuery& query) {
  return within_transaction([&] { return read_page(query); });
}

Result<Page> SqliteReader::read_page(const PageQuery& query) {
  Page page;
  Wanted wanted(topic_rows_, query.topics);
  EventWalk walk(walk_rows_, wanted, query.topics.numbers, query.after, query.up_to,
                 Direction::kUp);
  size_t bytes = 0;
  size_t looked_at = 0;
  while (walk.next()) {
    ++looked_at;
    if (walk.is_wanted()) {
      auto added = add(walk.seq(), query, page);
      if (!added) {
        return std::move(added).failure();
      }
      bytes += *added;
    }
    if (bytes >= query.bytes || page.events.size() >= query.events ||
        looked_at >= query.looked_at) {
      page.end = walk.seq();
      return page;
    }
  }
  if (walk.code() != SQLITE_OK) {
    return database_.failure(walk.code());
  }
  page.end = query.up_to;
  return page;
}

Result<size_t> SqliteReader::add(uint64_t seq, const PageQuery& query, Page& page) {
  Rows rows(event_.bind(1, seq));
  if (!rows.next()) {
    // An entry without its event is skipped, as an event that left would be.
    return rows.is_done() ? Result<size_t>(size_t{0}) : database_.failure(rows.code());
  }
  const bool is_hidden = event_.number(6) != 0 && !query.sees_private;
  if (!has_type(query.types, event_.bytes(5)) || (is_hidden && query.private_topics == nullptr)) {
    return size_t{0};
  }
  auto event = event_of(event_, names_, epoch_);
  if (!event) {
    return std::move(event).failure();
  }
  if (is_hidden && !query.private_topics->grants(**event)) {
    return size_t{0};
  }
  const size_t bytes = (*event)->wire().size();
  page.events.push_back(std::move(*event));
  return bytes;
}

Result<uint64_t> SqliteReader::find(const PlaceQuery& query) {
  return within_transaction([&] { return places_.find(query); });
}

}  // namespace

Result<std::unique_ptr<topics::JournalReader>> open_sqlite_reader(
    const Folder& folder, const FileIdentity& identity, const std::string& epoch,
    std::shared_ptr<ReaderGate> gate) {
  auto database =
      Database::open(folder.database(), SQLITE_OPEN_READWRITE, Closing::kLeavesFilesAlone);
  if (!database) {
    return std::move(database).failure();
  }
  database->name_in_messages(std::string(kDatabaseFile));
  auto reader = std::make_unique<SqliteReader>(std::move(*database), epoch, std::move(gate));
  if (auto prepared = reader->prepare(); !prepared) {
    return std::move(prepared).failure();
  }
  if (identity_of(folder.database()) != identity) {
    return fail(Errc::kStorage, std::string(kDatabaseFile) +
                                    " was removed or replaced while it was in use; restart "
                                    "ringcastd");
  }
  return std::unique_ptr<topics::JournalReader>(std::move(reader));
}

}  // namespace ringcast::journal
