#include "topics/start.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>
#include <vector>

#include "base/text.h"
#include "sse/position.h"

namespace ringcast::topics {

namespace {

constexpr std::string_view kForms =
    "`since` is latest, earliest, -N, a time such as 2026-01-02T03:04:05Z, unix seconds, or an "
    "age such as 10m";

constexpr uint64_t kMaxSeconds = 253'402'300'799;  // The end of the year 9999.

std::optional<int64_t> number_at(std::string_view text, size_t at, size_t digits) {
  if (at + digits > text.size()) {
    return std::nullopt;
  }
  const auto number = parse_uint(text.substr(at, digits));
  return number ? std::optional(static_cast<int64_t>(*number)) : std::nullopt;
}

// Reads ".123456" at `at` and moves it on; milliseconds, further digits cut off.
std::optional<int64_t> read_fraction(std::string_view text, size_t& at) {
  if (at >= text.size() || text[at] != '.') {
    return 0;
  }
  int64_t millis = 0;
  int64_t unit = 100;
  const size_t begin = ++at;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    millis += unit * (text[at] - '0');
    unit /= 10;
  }
  return at > begin ? std::optional(millis) : std::nullopt;
}

// Minutes east of UTC. A space stands for the "+" that a query string turned into one.
std::optional<int64_t> read_offset(std::string_view text) {
  if (text == "Z" || text == "z") {
    return 0;
  }
  if (text.size() != 6 || text[3] != ':' || (text[0] != '+' && text[0] != '-' && text[0] != ' ')) {
    return std::nullopt;
  }
  const auto hours = number_at(text, 1, 2);
  const auto minutes = number_at(text, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) {
    return std::nullopt;
  }
  return (text[0] == '-' ? -1 : 1) * (*hours * 60 + *minutes);
}

// RFC 3339 section 5.6.
std::optional<int64_t> read_time(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':' ||
      text[16] != ':') {
    return std::nullopt;
  }
  const auto year = number_at(text, 0, 4);
  const auto month = number_at(text, 5, 2);
  const auto day = number_at(text, 8, 2);
  const auto hour = number_at(text, 11, 2);
  const auto minute = number_at(text, 14, 2);
  const auto second = number_at(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second || *hour > 23 || *minute > 59 ||
      *second > 60) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  size_t at = 19;
  const auto millis = read_fraction(text, at);
  const auto offset = read_offset(text.substr(at));
  if (!date.ok() || !millis || !offset) {
    return std::nullopt;
  }
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + *hour) * 60 + *minute - *offset) * 60'000 + *second * 1000 + *millis;
}

std::optional<int64_t> read_age_ms(std::string_view text) {
  const size_t digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos) {
    return std::nullopt;
  }
  const auto number = parse_uint(text.substr(0, digits));
  const std::string_view unit = text.substr(digits);
  const int64_t unit_ms = unit == "ms"  ? 1
                          : unit == "s" ? 1000
                          : unit == "m" ? 60'000
                          : unit == "h" ? 3'600'000
                          : unit == "d" ? 86'400'000
                                        : 0;
  if (!number || unit_ms == 0 || *number > kMaxSeconds * 1000 / static_cast<uint64_t>(unit_ms)) {
    return std::nullopt;
  }
  return static_cast<int64_t>(*number) * unit_ms;
}

uint64_t before_oldest(const Interest& interest, uint64_t committed) {
  uint64_t before = committed;
  for (const Interest::Link& link : interest.topics) {
    if (const Ring& ring = link.topic->ring; !ring.empty()) {
      before = std::min(before, ring.oldest().seq - 1);
    }
  }
  return before;
}

uint64_t before_time(const Interest& interest, int64_t unix_ms, uint64_t committed) {
  uint64_t before = committed;
  for (const Interest::Link& link : interest.topics) {
    const Ring& ring = link.topic->ring;
    if (const size_t index = ring.first_since(unix_ms); index < ring.size()) {
      before = std::min(before, ring[index].seq - 1);
    }
  }
  return before;
}

uint64_t before_oldest_wanted(const Interest& interest, uint64_t committed) {
  uint64_t before = committed;
  for (const Interest::Link& link : interest.topics) {
    const Ring& ring = link.topic->ring;
    for (size_t index = 0; index < ring.size() && ring[index].seq <= before; ++index) {
      if (interest.wants(*ring[index].event)) {
        before = ring[index].seq - 1;
      }
    }
  }
  return before;
}

// Before the newest events in the rings that an interest would get.
struct BeforeNewest {
  uint64_t cursor;
  bool is_full = false;  // As many as were asked for are there.
};

// Goes back through all rings at once, no further than it has to: the hub's lock is held.
BeforeNewest before_newest(const Interest& interest, uint64_t count, uint64_t committed) {
  if (count > committed - before_oldest(interest, committed)) {
    return {before_oldest_wanted(interest, committed)};  // There are not as many seqs.
  }
  struct Place {
    uint64_t seq;  // Of (*ring)[index].
    const Ring* ring;
    size_t index;
  };
  const auto is_older = [](const Place& left, const Place& right) { return left.seq < right.seq; };
  std::vector<Place> places;
  for (const Interest::Link& link : interest.topics) {
    if (const Ring& ring = link.topic->ring; !ring.empty()) {
      places.push_back({ring.newest().seq, &ring, ring.size() - 1});
    }
  }
  std::make_heap(places.begin(), places.end(), is_older);
  BeforeNewest before{committed};
  uint64_t found = 0;
  for (uint64_t last_seq = 0; found < count && !places.empty();) {
    std::pop_heap(places.begin(), places.end(), is_older);
    Place& place = places.back();
    // An event of several topics is in the ring of each.
    if (place.seq != last_seq && interest.wants(*(*place.ring)[place.index].event)) {
      before.cursor = place.seq - 1;
      ++found;
    }
    last_seq = place.seq;
    if (place.index == 0) {
      places.pop_back();
      continue;
    }
    place.seq = (*place.ring)[--place.index].seq;
    std::push_heap(places.begin(), places.end(), is_older);
  }
  before.is_full = found == count;
  return before;
}

uint64_t place_of(const Since& since, const Interest& interest, uint64_t committed) {
  switch (since.kind) {
    case Since::Kind::kLatest:
      return committed;
    case Since::Kind::kEarliest:
      return before_oldest(interest, committed);
    case Since::Kind::kNewest:
      return before_newest(interest, since.count, committed).cursor;
    case Since::Kind::kTime:
      return before_time(interest, since.unix_ms, committed);
  }
  return committed;
}

}  // namespace

Result<Since> parse_since(std::string_view text, int64_t now_unix_ms) {
  if (text == "latest") {
    return Since{};
  }
  if (text == "earliest") {
    return Since{.kind = Since::Kind::kEarliest};
  }
  if (text.starts_with('-')) {
    if (const auto count = parse_uint(text.substr(1))) {
      return Since{.kind = Since::Kind::kNewest, .count = *count};
    }
  } else if (const auto seconds = parse_uint(text); seconds && *seconds <= kMaxSeconds) {
    return Since{.kind = Since::Kind::kTime, .unix_ms = static_cast<int64_t>(*seconds) * 1000};
  } else if (const auto age_ms = read_age_ms(text)) {
    return Since{.kind = Since::Kind::kTime, .unix_ms = now_unix_ms - *age_ms};
  } else if (const auto time = read_time(text)) {
    return Since{.kind = Since::Kind::kTime, .unix_ms = *time};
  }
  return fail(Errc::kInvalid, std::string(kForms), "since");
}

namespace {

// A position of this epoch is a place in itself.
std::optional<Start> place_of_position(const std::optional<sse::Position>& position,
                                       std::string_view epoch, uint64_t committed) {
  if (!position || position->epoch != epoch) {
    return std::nullopt;
  }
  return position->seq <= committed ? Start{.cursor = position->seq}
                                    : Start{.gap = sse::GapReason::kUnknown};
}

sse::GapReason gap_after(const std::optional<sse::Position>& position) {
  return position ? sse::GapReason::kEpoch : sse::GapReason::kUnknown;
}

// Up to here some of the events have left the rings, but not the journal.
uint64_t on_disk_only_high(const Interest& interest) {
  uint64_t high = 0;
  for (const Interest::Link& link : interest.topics) {
    high = std::max(high, link.topic->on_disk_only_high());
  }
  return high;
}

uint64_t before_oldest_on_disk(const Interest& interest, uint64_t committed) {
  uint64_t before = before_oldest(interest, committed);
  for (const Interest::Link& link : interest.topics) {
    if (link.topic->disk.events > 0) {
      before = std::min(before, link.topic->disk.oldest_seq - 1);
    }
  }
  return before;
}

}  // namespace

Start find_start(const StartRequest& request, const Interest& interest, const PublisherIds& ids,
                 std::string_view epoch, uint64_t committed) {
  const std::string& id = request.last_event_id;
  if (id.empty()) {
    return Start{.cursor = place_of(request.since, interest, committed), .forget_losses = true};
  }
  const auto position = sse::parse_position(id);
  if (const auto start = place_of_position(position, epoch, committed)) {
    return *start;
  }
  if (const EventRef event = ids.oldest(id, interest)) {
    return {.cursor = event->seq()};
  }
  return {.gap = gap_after(position)};
}

Start find_start_on_disk(const StartRequest& request, const Interest& interest,
                         std::string_view epoch, uint64_t committed) {
  PlaceQuery ask{.up_to = committed};
  if (!request.last_event_id.empty()) {
    const auto position = sse::parse_position(request.last_event_id);
    if (const auto start = place_of_position(position, epoch, committed)) {
      return *start;
    }
    ask.publisher_id = request.last_event_id;
    ask.topics = choose_topics(interest);
    return {.ask = std::move(ask)};
  }
  const Since& since = request.since;
  Start start{.forget_losses = true};
  if (since.kind == Since::Kind::kEarliest) {
    start.cursor = before_oldest_on_disk(interest, committed);
    return start;
  }
  const uint64_t paged_high = on_disk_only_high(interest);
  if (since.kind == Since::Kind::kNewest) {
    const BeforeNewest newest = before_newest(interest, since.count, committed);
    start.cursor = newest.cursor;
    if (paged_high == 0 || (newest.is_full && newest.cursor >= paged_high)) {
      return start;  // Whatever was paged out is older.
    }
    ask.newest = since.count;
    ask.types = interest.types;
    ask.sees_private = interest.sees_private;
  } else {
    start.cursor = place_of(since, interest, committed);
    if (since.kind == Since::Kind::kLatest || paged_high == 0) {
      return start;
    }
    ask.since_ms = since.unix_ms;
  }
  ask.topics = choose_topics(interest);
  start.ask = std::move(ask);
  return start;
}

Start found_start(const StartRequest& request, const PlaceQuery& asked, uint64_t found) {
  if (!asked.publisher_id.empty()) {
    return found > 0 ? Start{.cursor = found}
                     : Start{.gap = gap_after(sse::parse_position(request.last_event_id))};
  }
  return {.cursor = found > 0 ? found - 1 : asked.up_to, .forget_losses = true};
}

TopicChoice choose_topics(const Interest& interest) {
  constexpr size_t kFew = 64;
  TopicChoice choice;
  if (interest.topics.size() <= kFew) {
    for (const Interest::Link& link : interest.topics) {
      if (link.topic->is_journaled()) {
        choice.numbers.push_back(link.topic->disk.number);
      }
    }
  }
  if (choice.numbers.empty()) {
    choice.patterns = interest.patterns;
    choice.matchers = interest.matchers;
  }
  return choice;
}

}  // namespace ringcast::topics
