#include "journal/sqlite_reader.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "journal/event_rows.h"
#include "journal/event_walk.h"
#include "journal/sqlite.h"
#include "journal/wanted.h"

namespace ringcast::journal {

namespace {

using topics::Page;
using topics::PageQuery;
using topics::PlaceQuery;

constexpr std::string_view kTypeField = "event: ";

// The type of an event, from its stored block.
std::string_view type_of(std::string_view block) {
  if (!block.starts_with(kTypeField)) {
    return "message";
  }
  block.remove_prefix(kTypeField.size());
  return block.substr(0, block.find('\n'));
}

bool has_type(const std::vector<std::string>& types, std::string_view block) {
  return types.empty() || std::find(types.begin(), types.end(), type_of(block)) != types.end();
}

class SqliteReader final : public topics::JournalReader {
 public:
  SqliteReader(Database database, std::string epoch)
      : database_(std::move(database)), epoch_(std::move(epoch)), names_(database_) {}

  Status prepare();
  Result<Page> read(const PageQuery& query) override;
  Result<uint64_t> find(const PlaceQuery& query) override;

 private:
  Result<Page> read_page(const PageQuery& query);
  // Adds the event to the page if it has the right type; how many bytes that were.
  Result<size_t> add(uint64_t seq, const PageQuery& query, Page& page);
  Result<uint64_t> find_place(const PlaceQuery& query);
  Result<uint64_t> find_id(const PlaceQuery& query);
  Result<uint64_t> find_newest(const PlaceQuery& query);
  Result<uint64_t> find_since(const PlaceQuery& query);
  // The first seq from `from` on that has an event, and its time; {0, 0} when there is none.
  Result<std::pair<uint64_t, int64_t>> event_from(uint64_t from);
  // The first event at or after the time; 0 when there is none.
  Result<uint64_t> search_time(int64_t since_ms, uint64_t up_to);
  Result<bool> has_wanted_type(uint64_t seq, const std::vector<std::string>& types);
  // Runs `body` in a transaction: all that it reads is of one moment.
  template <typename Body>
  auto within_transaction(Body body) -> decltype(body());

  Database database_;
  std::string epoch_;
  TopicNames names_;
  TopicRows topic_rows_;
  WalkRows walk_rows_;
  Statement begin_;
  Statement end_;
  Statement event_;
  Statement by_id_;
  Statement from_;
};

Status SqliteReader::prepare() {
  if (auto set = database_.execute("PRAGMA query_only=ON; PRAGMA cache_size=-2048;"
                                   "PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;"
                                   "PRAGMA mmap_size=0; PRAGMA wal_autocheckpoint=0;");
      !set) {
    return set;
  }
  const std::string event = "SELECT " + std::string(kEventColumns) + " FROM events WHERE seq = ?";
  if (auto prepared = database_.prepare_all(
          {{&begin_, "BEGIN"},
           {&end_, "COMMIT"},
           {&event_, event},
           {&by_id_,
            "SELECT seq, topic, topics FROM events WHERE id = ? AND seq <= ? ORDER BY seq LIMIT ?"},
           {&from_, "SELECT seq, time FROM events WHERE seq >= ? ORDER BY seq LIMIT 1"}});
      !prepared) {
    return prepared;
  }
  if (auto prepared = topic_rows_.prepare(database_); !prepared) {
    return prepared;
  }
  if (auto prepared = walk_rows_.prepare(database_); !prepared) {
    return prepared;
  }
  return names_.prepare();
}

template <typename Body>
auto SqliteReader::within_transaction(Body body) -> decltype(body()) {
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
  Wanted wanted(topic_rows_, query.topics, query.patterns);
  EventWalk walk(walk_rows_, wanted, query.topics, query.after, query.up_to, Direction::kUp);
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
  if (!has_type(query.types, event_.bytes(5))) {
    return size_t{0};
  }
  auto event = event_of(event_, names_, epoch_);
  if (!event) {
    return std::move(event).failure();
  }
  const size_t bytes = (*event)->wire().size();
  page.events.push_back(std::move(*event));
  return bytes;
}

Result<uint64_t> SqliteReader::find(const PlaceQuery& query) {
  return within_transaction([&] { return find_place(query); });
}

Result<uint64_t> SqliteReader::find_place(const PlaceQuery& query) {
  if (!query.publisher_id.empty()) {
    return find_id(query);
  }
  return query.newest != 0 ? find_newest(query) : find_since(query);
}

// Of any type: who resumes names the last event that it got, with another filter perhaps.
Result<uint64_t> SqliteReader::find_id(const PlaceQuery& query) {
  Wanted wanted(topic_rows_, query.topics, query.patterns);
  by_id_.bind_text(1, query.publisher_id).bind(2, query.up_to).bind(3, query.looked_at);
  Rows rows(by_id_);
  while (rows.next()) {
    const uint64_t seq = by_id_.number(0);
    const bool is_wanted = wanted.wants(
        seq, by_id_.number(1),
        by_id_.is_null(2) ? std::nullopt : std::optional<std::string_view>(by_id_.bytes(2)));
    if (wanted.code() != SQLITE_OK) {
      return database_.failure(wanted.code());
    }
    if (is_wanted) {
      return seq;
    }
  }
  return rows.is_done() ? Result<uint64_t>(uint64_t{0}) : database_.failure(rows.code());
}

Result<bool> SqliteReader::has_wanted_type(uint64_t seq, const std::vector<std::string>& types) {
  if (types.empty()) {
    return true;
  }
  Rows rows(event_.bind(1, seq));
  if (!rows.next()) {
    return rows.is_done() ? Result<bool>(false) : database_.failure(rows.code());
  }
  return has_type(types, event_.bytes(5));
}

Result<uint64_t> SqliteReader::find_newest(const PlaceQuery& query) {
  Wanted wanted(topic_rows_, query.topics, query.patterns);
  EventWalk walk(walk_rows_, wanted, query.topics, 0, query.up_to, Direction::kDown);
  uint64_t place = 0;
  uint64_t found = 0;
  for (uint64_t looked_at = 0; looked_at < query.looked_at && found < query.newest; ++looked_at) {
    if (!walk.next()) {
      break;
    }
    auto matches = walk.is_wanted() ? has_wanted_type(walk.seq(), query.types) : Result(false);
    if (!matches) {
      return std::move(matches).failure();
    }
    if (*matches) {
      place = walk.seq();
      ++found;
    }
  }
  return walk.code() == SQLITE_OK ? Result<uint64_t>(place) : database_.failure(walk.code());
}

Result<uint64_t> SqliteReader::find_since(const PlaceQuery& query) {
  auto place = search_time(query.since_ms, query.up_to);
  if (!place || *place == 0) {
    return place;
  }
  Wanted wanted(topic_rows_, query.topics, query.patterns);
  EventWalk walk(walk_rows_, wanted, query.topics, *place - 1, query.up_to, Direction::kUp);
  for (uint64_t looked_at = 0; looked_at < query.looked_at; ++looked_at) {
    if (!walk.next()) {
      return walk.code() == SQLITE_OK ? Result<uint64_t>(uint64_t{0})
                                      : database_.failure(walk.code());
    }
    auto matches = walk.is_wanted() ? has_wanted_type(walk.seq(), query.types) : Result(false);
    if (!matches) {
      return std::move(matches).failure();
    }
    if (*matches) {
      return walk.seq();
    }
  }
  return place;
}

Result<std::pair<uint64_t, int64_t>> SqliteReader::event_from(uint64_t from) {
  Rows rows(from_.bind(1, from));
  if (!rows.next()) {
    return rows.is_done() ? Result(std::pair<uint64_t, int64_t>{}) : database_.failure(rows.code());
  }
  return std::pair{from_.number(0), from_.signed_number(1)};
}

Result<uint64_t> SqliteReader::search_time(int64_t since_ms, uint64_t up_to) {
  auto oldest = event_from(0);
  if (!oldest) {
    return std::move(oldest).failure();
  }
  // Times never go back from one event to the next. The place is in [low, high], or nowhere.
  uint64_t low = oldest->first;
  uint64_t high = up_to;
  if (low == 0 || low > high) {
    return uint64_t{0};
  }
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    auto event = event_from(middle);
    if (!event) {
      return std::move(event).failure();
    }
    if (event->first == 0 || event->second >= since_ms) {
      high = middle;
    } else {
      low = event->first + 1;
    }
  }
  auto event = event_from(low);
  if (!event) {
    return std::move(event).failure();
  }
  const bool is_place = event->first <= up_to && event->second >= since_ms;
  return is_place ? event->first : 0;
}

}  // namespace

Result<std::unique_ptr<topics::JournalReader>> open_sqlite_reader(const Folder& folder,
                                                                  const FileIdentity& identity,
                                                                  const std::string& epoch) {
  auto database =
      Database::open(folder.database(), SQLITE_OPEN_READWRITE, Closing::kLeavesFilesAlone);
  if (!database) {
    return std::move(database).failure();
  }
  auto reader = std::make_unique<SqliteReader>(std::move(*database), epoch);
  if (auto prepared = reader->prepare(); !prepared) {
    return std::move(prepared).failure();
  }
  if (identity_of(folder.database()) != identity) {
    return fail(Errc::kStorage, folder.database() +
                                    " was removed or replaced while it was in use; restart "
                                    "ringcastd");
  }
  return std::unique_ptr<topics::JournalReader>(std::move(reader));
}

}  // namespace ringcast::journal
