#include "journal/inspect.h"

#include <algorithm>
#include <utility>

#include "journal/database_file.h"
#include "journal/listing.h"
#include "journal/meta.h"
#include "journal/schema.h"

namespace ringcast::journal {

namespace {

Status fill_meta(Database& database, Stats& stats) {
  auto meta = read_meta(database);
  if (!meta) {
    return std::move(meta).failure();
  }
  stats.epoch = std::move(meta->epoch);
  stats.sequence = meta->last;
  stats.reserved = meta->reserved;
  stats.is_clean = meta->is_clean;
  return Ok{};
}

Status fill_counts(Database& database, Stats& stats) {
  int64_t page_bytes = 0;
  int64_t pages = 0;
  int64_t free_pages = 0;
  int64_t newest = 0;
  int64_t lost = 0;
  int64_t events = 0;
  int64_t topics = 0;
  int64_t oldest_ms = 0;
  int64_t newest_ms = 0;
  Status read =
      database.read_numbers({{"PRAGMA page_size", &page_bytes},
                             {"PRAGMA page_count", &pages},
                             {"PRAGMA freelist_count", &free_pages},
                             {"SELECT max(seq) FROM events", &newest},
                             {"SELECT max(high) FROM holes", &lost},
                             {"SELECT count(*) FROM events", &events},
                             {"SELECT count(*) FROM topics", &topics},
                             {"SELECT time FROM events ORDER BY seq LIMIT 1", &oldest_ms},
                             {"SELECT time FROM events ORDER BY seq DESC LIMIT 1", &newest_ms}});
  if (!read) {
    return read;
  }
  stats.sequence = std::max(stats.sequence, static_cast<uint64_t>(newest));
  stats.lost_high = static_cast<uint64_t>(lost);
  stats.events = static_cast<uint64_t>(events);
  stats.topics = static_cast<uint64_t>(topics);
  stats.used_bytes = static_cast<uint64_t>((pages - std::min(pages, free_pages)) * page_bytes);
  stats.free_bytes = static_cast<uint64_t>(free_pages * page_bytes);
  if (events > 0) {
    stats.oldest_ms = oldest_ms;
    stats.newest_ms = newest_ms;
  }
  return Ok{};
}

Status fill_largest(Database& database, Stats& stats, size_t most, Largest by) {
  constexpr size_t kPage = 1000;
  const auto is_larger = [by](const TopicUsage& a, const TopicUsage& b) {
    return by == Largest::kByBytes ? std::pair(a.bytes, a.events) > std::pair(b.bytes, b.events)
                                   : std::pair(a.events, a.bytes) > std::pair(b.events, b.bytes);
  };
  Listing listing(database);
  if (Status prepared = listing.prepare(stats.epoch); !prepared) {
    return prepared;
  }
  std::vector<TopicUsage>& heap = stats.largest;  // Its front is the smallest.
  for (uint64_t after = 0;;) {
    auto page = listing.topics(after, kPage);
    if (!page) {
      return std::move(page).failure();
    }
    for (topics::StoredTopic& topic : *page) {
      after = topic.row.number;
      if (topic.events == 0) {
        continue;
      }
      heap.push_back({std::move(topic.row.name), topic.events, topic.bytes});
      std::push_heap(heap.begin(), heap.end(), is_larger);
      if (heap.size() > most) {
        std::pop_heap(heap.begin(), heap.end(), is_larger);
        heap.pop_back();
      }
    }
    if (page->size() < kPage) {
      break;
    }
  }
  std::sort_heap(heap.begin(), heap.end(), is_larger);
  return Ok{};
}

}  // namespace

Result<Stats> read_stats(const std::string& directory, size_t most, Largest by) {
  const Folder folder(directory);
  auto database = open_to_look(folder);
  if (!database) {
    return std::move(database).failure();
  }
  Stats stats;
  stats.schema = kSchemaVersion;
  stats.is_in_use = folder.is_locked();
  stats.database_bytes = size_of(folder.database());
  stats.wal_bytes = size_of(folder.wal());
  if (Status filled = fill_meta(*database, stats); !filled) {
    return std::move(filled).failure();
  }
  if (Status filled = fill_counts(*database, stats); !filled) {
    return std::move(filled).failure();
  }
  if (most > 0) {
    if (Status filled = fill_largest(*database, stats, most, by); !filled) {
      return std::move(filled).failure();
    }
  }
  return stats;
}

}  // namespace ringcast::journal
