#include "journal/inspect.h"

#include <algorithm>
#include <utility>

#include "journal/directory.h"
#include "journal/schema.h"
#include "sse/position.h"

namespace ringcast::journal {

namespace {

Status check_kind(ToolDatabase& database, const std::string& path) {
  const auto application = database.integer("PRAGMA application_id");
  if (!application) {
    return fail(application.error().code, application.error().detail);
  }
  if (*application != kApplicationId) {
    return fail(Errc::kStorage, path + ": not the database of a journal");
  }
  const auto version = database.integer("PRAGMA user_version");
  if (!version) {
    return fail(version.error().code, version.error().detail);
  }
  if (*version > kSchemaVersion) {
    return fail(Errc::kStorage, path + ": its schema has version " +
                                    std::to_string(version->value_or(0)) + ", newer than " +
                                    std::to_string(kSchemaVersion) + ", the last known here");
  }
  return Ok{};
}

// Fills `out` with a number of the database, 0 for NULL.
Status fill(ToolDatabase& database, std::string_view sql, uint64_t& out) {
  auto value = database.integer(sql);
  if (!value) {
    return std::move(value).failure();
  }
  out = static_cast<uint64_t>(value->value_or(0));
  return Ok{};
}

Status fill_time(ToolDatabase& database, std::string_view sql, std::optional<int64_t>& out) {
  auto value = database.integer(sql);
  if (!value) {
    return std::move(value).failure();
  }
  out = *value;
  return Ok{};
}

Status fill_meta(ToolDatabase& database, Stats& stats) {
  auto rows = database.prepare("SELECT name, value FROM meta");
  if (!rows) {
    return std::move(rows).failure();
  }
  for (;;) {
    auto row = rows->step();
    if (!row) {
      return std::move(row).failure();
    }
    if (!*row) {
      return Ok{};
    }
    const std::string_view name = rows->text(0);
    if (name == "epoch") {
      stats.epoch = rows->text(1);
    } else if (name == "reserved") {
      stats.reserved = rows->number(1);
    } else if (name == "last") {
      stats.sequence = rows->number(1);
    } else if (name == "clean") {
      stats.is_clean = rows->integer(1) != 0;
    }
  }
}

Status fill_counts(ToolDatabase& database, Stats& stats) {
  uint64_t page_bytes = 0;
  uint64_t pages = 0;
  uint64_t free_pages = 0;
  uint64_t newest = 0;
  const std::initializer_list<std::pair<const char*, uint64_t*>> numbers = {
      {"PRAGMA page_size", &page_bytes},
      {"PRAGMA page_count", &pages},
      {"PRAGMA freelist_count", &free_pages},
      {"SELECT max(seq) FROM events", &newest},
      {"SELECT max(high) FROM holes", &stats.lost_high},
      {"SELECT count(*) FROM events", &stats.events},
      {"SELECT count(*) FROM topics", &stats.topics}};
  for (const auto& [sql, out] : numbers) {
    if (Status filled = fill(database, sql, *out); !filled) {
      return filled;
    }
  }
  stats.sequence = std::max(stats.sequence, newest);
  stats.used_bytes = (pages - std::min(pages, free_pages)) * page_bytes;
  stats.free_bytes = free_pages * page_bytes;
  if (Status filled =
          fill_time(database, "SELECT time FROM events ORDER BY seq LIMIT 1", stats.oldest_ms);
      !filled) {
    return filled;
  }
  return fill_time(database, "SELECT time FROM events ORDER BY seq DESC LIMIT 1", stats.newest_ms);
}

// The oldest placement that is not gone and the newest say how much a topic holds. What the oldest
// itself takes is its block's, with its id line.
constexpr std::string_view kUsage = R"sql(
SELECT topics.name, newest.nth - oldest.nth + 1, newest.bytes_through - oldest.bytes_through,
       length(events.block), length(events.id), events.seq
FROM topics
JOIN entries AS newest ON newest.topic = topics.number AND newest.seq =
  (SELECT max(seq) FROM entries WHERE topic = topics.number)
JOIN entries AS oldest ON oldest.topic = topics.number AND oldest.seq =
  (SELECT min(seq) FROM entries WHERE topic = topics.number AND seq > topics.gone_high)
JOIN events ON events.seq = oldest.seq)sql";

Result<std::vector<TopicUsage>> read_largest(ToolDatabase& database, const std::string& epoch,
                                             size_t most, Largest by) {
  auto rows = database.prepare(kUsage);
  if (!rows) {
    return std::move(rows).failure();
  }
  const auto is_larger = [by](const TopicUsage& a, const TopicUsage& b) {
    return by == Largest::kByBytes ? std::pair(a.bytes, a.events) > std::pair(b.bytes, b.events)
                                   : std::pair(a.events, a.bytes) > std::pair(b.events, b.bytes);
  };
  constexpr size_t kIdLine = 5;  // "id: " and the line's end.
  std::vector<TopicUsage> heap;  // Its front is the smallest.
  for (;;) {
    auto row = rows->step();
    if (!row) {
      return std::move(row).failure();
    }
    if (!*row) {
      break;
    }
    const uint64_t id =
        rows->is_null(4) ? sse::format_position(epoch, rows->number(5)).size() : rows->number(4);
    heap.push_back({.name = std::string(rows->text(0)),
                    .events = rows->number(1),
                    .bytes = rows->number(2) + rows->number(3) + id + kIdLine});
    std::push_heap(heap.begin(), heap.end(), is_larger);
    if (heap.size() > most) {
      std::pop_heap(heap.begin(), heap.end(), is_larger);
      heap.pop_back();
    }
  }
  std::sort_heap(heap.begin(), heap.end(), is_larger);
  return heap;
}

}  // namespace

Result<ToolDatabase> open_to_look(const std::string& directory) {
  const std::string path = path_in(directory, kDatabaseFile);
  if (!file_exists(path)) {
    return fail(Errc::kStorage,
                directory + " holds no journal: there is no " + std::string(kDatabaseFile));
  }
  auto database = ToolDatabase::open(path, ToolDatabase::Mode::kRead);
  if (!database) {
    return database;
  }
  // A reader of a WAL needs a place for its index, which a read-only medium has not.
  if (!database->execute("BEGIN; SELECT 1 FROM sqlite_schema") && file_size(path + "-wal") == 0) {
    if (auto still = ToolDatabase::open_immutable(path);
        still && still->execute("BEGIN; SELECT 1 FROM sqlite_schema")) {
      database = std::move(still);
    }
  }
  if (Status known = check_kind(*database, path); !known) {
    return std::move(known).failure();
  }
  return database;
}

Result<Stats> read_stats(const std::string& directory, size_t most, Largest by) {
  auto database = open_to_look(directory);
  if (!database) {
    return std::move(database).failure();
  }
  const std::string path = path_in(directory, kDatabaseFile);
  Stats stats;
  stats.schema = kSchemaVersion;
  stats.is_in_use = is_locked(directory);
  stats.database_bytes = file_size(path);
  stats.wal_bytes = file_size(path + "-wal");
  if (Status filled = fill_meta(*database, stats); !filled) {
    return std::move(filled).failure();
  }
  if (Status filled = fill_counts(*database, stats); !filled) {
    return std::move(filled).failure();
  }
  if (most > 0) {
    auto largest = read_largest(*database, stats.epoch, most, by);
    if (!largest) {
      return std::move(largest).failure();
    }
    stats.largest = std::move(*largest);
  }
  return stats;
}

}  // namespace ringcast::journal
