#include "journal/inspect_check.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "journal/database_file.h"
#include "journal/event_rows.h"
#include "journal/inspect_names.h"
#include "sse/position.h"
#include "sse/stored_event.h"
#include "topics/name.h"

namespace ringcast::journal {

namespace {

constexpr uint64_t kRowsToProgress = 4096;

std::string in_seq(uint64_t seq) {
  return "event " + std::to_string(seq) + ": ";
}

// What cannot be read any more is a fault by itself, and ends only its own part.
class Checker {
 public:
  Checker(Database& database, const CheckOptions& options)
      : database_(database), options_(options) {}

  void run() {
    part("pages", [this] { return check_pages(); });
    part("meta", [this] { return check_meta(); });
    part("topics", [this] { return check_topics(); });
    part("events", [this] { return check_events(); });
    part("entries", [this] { return check_entries(); });
  }

 private:
  template <typename Body>
  void part(std::string_view phase, Body body) {
    phase_ = phase;
    done_ = 0;
    options_.on_progress(phase_, done_);
    if (Status done = body(); !done) {
      const std::string& detail = done.error().detail;  // It may end with advice to do this check.
      fault(std::string(phase_) + " cannot be read: " + detail.substr(0, detail.find("; use `")));
    }
  }

  // Calls `visit` with each row.
  template <typename Visit>
  Status each(std::string_view sql, Visit visit) {
    auto statement = database_.prepare(sql);
    if (!statement) {
      return std::move(statement).failure();
    }
    Rows rows(*statement);
    while (rows.next()) {
      if (++done_ % kRowsToProgress == 0) {
        options_.on_progress(phase_, done_);
      }
      if (Status visited = visit(*statement); !visited) {
        return visited;
      }
    }
    return rows.is_done() ? Status(Ok{}) : Status(database_.failure(rows.code()));
  }

  void fault(const std::string& text) { options_.on_fault(text); }

  void report(std::string_view text);
  Status check_pages();
  Status check_meta();
  Status check_topics();
  Status check_events();
  Status check_event(const Statement& row);
  Status check_entries();
  Status check_entry(const Statement& row);
  void begin_topic(uint64_t topic);

  struct Previous {
    uint64_t topic = 0;
    uint64_t nth = 0;
    uint64_t bytes_through = 0;
  };

  Database& database_;
  const CheckOptions& options_;
  std::string_view phase_;
  uint64_t done_ = 0;
  uint64_t reserved_ = std::numeric_limits<uint64_t>::max();
  int64_t time_ms_ = std::numeric_limits<int64_t>::min();
  std::optional<Names> names_;
  Statement event_;  // Of an entry.
  Previous previous_;
  std::optional<Names::Topic> topic_;  // Of the entries that are looked at.
};

// What SQLite has found: "ok", or a fault in each line, below the name of the database.
void Checker::report(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line != "ok" && !line.empty() && !line.starts_with("*** in database")) {
      fault(std::string(line));
    }
  }
}

Status Checker::check_pages() {
  return each(options_.is_quick ? "PRAGMA quick_check" : "PRAGMA integrity_check",
              [this](const Statement& row) -> Status {
                report(row.bytes(0));
                return Ok{};
              });
}

Status Checker::check_meta() {
  constexpr std::array<std::string_view, 4> kNeeded = {"epoch", "reserved", "last", "clean"};
  std::array<bool, kNeeded.size()> is_there{};
  uint64_t last = 0;
  Status read = each("SELECT name, value FROM meta", [&](const Statement& row) -> Status {
    const std::string_view name = row.bytes(0);
    const auto known = std::find(kNeeded.begin(), kNeeded.end(), name);
    if (known != kNeeded.end()) {
      is_there[static_cast<size_t>(known - kNeeded.begin())] = true;
    }
    if (name == "epoch" && !sse::parse_position(std::string(row.bytes(1)) + "-0")) {
      fault("meta: the epoch is not 1 to 11 digits and small letters");
    } else if (name == "reserved") {
      reserved_ = row.number(1);
    } else if (name == "last") {
      last = row.number(1);
    }
    return Ok{};
  });
  if (!read) {
    return read;
  }
  for (size_t i = 0; i < kNeeded.size(); ++i) {
    if (!is_there[i]) {
      fault("meta: there is no " + std::string(kNeeded[i]));
    }
  }
  if (last > reserved_) {
    fault("meta: last is " + std::to_string(last) + ", above what is reserved, " +
          std::to_string(reserved_));
  }
  return Ok{};
}

Status Checker::check_topics() {
  return each("SELECT number, name FROM topics", [this](const Statement& row) -> Status {
    if (Status valid = topics::check_topic(row.bytes(1)); !valid) {
      fault("topic " + std::to_string(row.number(0)) + ": " + valid.error().detail);
    }
    return Ok{};
  });
}

Status Checker::check_events() {
  names_.emplace(database_);
  if (Status prepared = names_->prepare(); !prepared) {
    names_.reset();
    return prepared;
  }
  return each("SELECT " + std::string(kEventColumns) + " FROM events ORDER BY seq",
              [this](const Statement& row) { return check_event(row); });
}

Status Checker::check_event(const Statement& row) {
  const uint64_t seq = row.number(0);
  if (seq == 0 || seq > reserved_) {
    fault(in_seq(seq) + "its number is above what is reserved, " + std::to_string(reserved_));
  }
  if (row.signed_number(1) < time_ms_) {
    fault(in_seq(seq) + "its time is before that of the event before");
  }
  time_ms_ = std::max(time_ms_, row.signed_number(1));
  const std::string_view block = row.bytes(5);
  const auto event = sse::restore_event(block, row.bytes(4), {});
  if (!event) {
    fault(in_seq(seq) + event.error().detail);
  } else if ((*event)->body() != block) {
    fault(in_seq(seq) + "a stored event is not in its usual form");
  }
  auto held = names_->is_held(seq, row.number(2), row.bytes(3));
  if (!held) {
    return std::move(held).failure();
  }
  if (!*held) {
    fault(in_seq(seq) + "it is in no topic: there is no entry of it");
  }
  return Ok{};
}

Status Checker::check_entries() {
  if (!names_) {
    return Ok{};  // Said already.
  }
  constexpr std::string_view kEvent = "SELECT topic, topics FROM events WHERE seq = ?";
  if (Status prepared = database_.prepare_all({{&event_, kEvent}}); !prepared) {
    return prepared;
  }
  return each("SELECT topic, seq, nth, bytes_through FROM entries ORDER BY topic, seq",
              [this](const Statement& row) { return check_entry(row); });
}

void Checker::begin_topic(uint64_t topic) {
  previous_ = {.topic = topic};
  topic_.reset();
  if (auto found = names_->find(topic); found && *found) {
    topic_ = std::move(*found);
  } else {
    fault("topic " + std::to_string(topic) + ": there are entries, but no row of the topic");
  }
}

Status Checker::check_entry(const Statement& row) {
  const uint64_t topic = row.number(0);
  const uint64_t seq = row.number(1);
  const uint64_t nth = row.number(2);
  const std::string where = "topic " + std::to_string(topic) + ", entry " + std::to_string(seq);
  const bool is_first = topic != previous_.topic;
  if (is_first) {
    begin_topic(topic);
  } else if (nth != previous_.nth + 1) {
    fault(where + ": nth is " + std::to_string(nth) + " after " + std::to_string(previous_.nth));
  }
  if (!is_first && row.number(3) < previous_.bytes_through) {
    fault(where + ": bytes_through is less than that of the entry before");
  }
  previous_ = {.topic = topic, .nth = nth, .bytes_through = row.number(3)};
  if (!topic_ || seq <= topic_->gone_high) {
    return Ok{};
  }
  Rows found(event_.bind(1, seq));
  if (found.next()) {
    if (event_.is_null(1) ? event_.number(0) != topic : !lists(event_.bytes(1), topic_->name)) {
      fault(where + ": the event is of another topic");
    }
    return Ok{};
  }
  if (!found.is_done()) {
    return database_.failure(found.code());
  }
  fault(where + ": there is no such event");
  return Ok{};
}

}  // namespace

Status check(const std::string& directory, const CheckOptions& options) {
  auto database = open_to_look(Folder(directory));
  if (!database) {
    return std::move(database).failure();
  }
  Checker(*database, options).run();
  return Ok{};
}

}  // namespace ringcast::journal
