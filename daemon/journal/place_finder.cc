#include "journal/place_finder.h"

#include <optional>
#include <string_view>

#include "journal/event_rows.h"

namespace ringcast::journal {

using topics::PlaceQuery;

Status PlaceFinder::prepare() {
  return database_.prepare_all(
      {{&by_id_,
        "SELECT seq, topic, topics FROM events WHERE id = ? AND seq <= ? ORDER BY seq LIMIT ?"},
       {&from_, "SELECT seq, time FROM events WHERE seq >= ? ORDER BY seq LIMIT 1"},
       {&block_, "SELECT block, private FROM events WHERE seq = ?"}});
}

Result<uint64_t> PlaceFinder::find(const PlaceQuery& query) {
  if (!query.publisher_id.empty()) {
    return find_id(query);
  }
  return query.newest != 0 ? find_newest(query) : find_since(query);
}

// Of any type: who resumes names the last event that it got, with another filter perhaps.
Result<uint64_t> PlaceFinder::find_id(const PlaceQuery& query) {
  Wanted wanted(topic_rows_, query.topics);
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

Result<bool> PlaceFinder::matches(const EventWalk& walk, const PlaceQuery& query) {
  if ((query.types.empty() && query.sees_private) || !walk.is_wanted()) {
    return walk.is_wanted();
  }
  Rows rows(block_.bind(1, walk.seq()));
  if (!rows.next()) {
    return rows.is_done() ? Result<bool>(false) : database_.failure(rows.code());
  }
  return has_type(query.types, block_.bytes(0)) && (block_.number(1) == 0 || query.sees_private);
}

Result<uint64_t> PlaceFinder::find_newest(const PlaceQuery& query) {
  Wanted wanted(topic_rows_, query.topics);
  EventWalk walk(walk_rows_, wanted, query.topics.numbers, 0, query.up_to, Direction::kDown);
  uint64_t place = 0;
  uint64_t found = 0;
  for (uint64_t looked_at = 0; looked_at < query.looked_at && found < query.newest; ++looked_at) {
    if (!walk.next()) {
      break;
    }
    auto is_match = matches(walk, query);
    if (!is_match) {
      return std::move(is_match).failure();
    }
    if (*is_match) {
      place = walk.seq();
      ++found;
    }
  }
  return walk.code() == SQLITE_OK ? Result<uint64_t>(place) : database_.failure(walk.code());
}

Result<uint64_t> PlaceFinder::find_since(const PlaceQuery& query) {
  auto place = search_time(query.since_ms, query.up_to);
  if (!place || *place == 0) {
    return place;
  }
  Wanted wanted(topic_rows_, query.topics);
  EventWalk walk(walk_rows_, wanted, query.topics.numbers, *place - 1, query.up_to, Direction::kUp);
  for (uint64_t looked_at = 0; looked_at < query.looked_at; ++looked_at) {
    if (!walk.next()) {
      return walk.code() == SQLITE_OK ? Result<uint64_t>(uint64_t{0})
                                      : database_.failure(walk.code());
    }
    auto is_match = matches(walk, query);
    if (!is_match) {
      return std::move(is_match).failure();
    }
    if (*is_match) {
      return walk.seq();
    }
  }
  return place;
}

Result<std::pair<uint64_t, int64_t>> PlaceFinder::event_from(uint64_t from) {
  Rows rows(from_.bind(1, from));
  if (!rows.next()) {
    return rows.is_done() ? Result(std::pair<uint64_t, int64_t>{}) : database_.failure(rows.code());
  }
  return std::pair{from_.number(0), from_.signed_number(1)};
}

Result<uint64_t> PlaceFinder::search_time(int64_t since_ms, uint64_t up_to) {
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

}  // namespace ringcast::journal
