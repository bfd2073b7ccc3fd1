#include "journal/change_rows.h"

namespace ringcast::journal {

namespace {

using topics::Changes;

// Runs `next` for each element until one fails.
template <typename Range, typename Function>
int each(const Range& range, Function next) {
  for (const auto& element : range) {
    if (const int code = next(element); code != SQLITE_OK) {
      return code;
    }
  }
  return SQLITE_OK;
}

}  // namespace

Status ChangeRows::prepare() {
  return database_.prepare_all(
      {{&put_topic_,
        "INSERT INTO topics VALUES(?, ?, ?, ?, 0) ON CONFLICT(number) DO UPDATE SET"
        " gone_high = excluded.gone_high, deleted_high = excluded.deleted_high"},
       {&drop_topic_, "DELETE FROM topics WHERE number = ?"},
       {&drop_entries_, "DELETE FROM entries WHERE topic = ?"},
       {&put_event_, "INSERT INTO events VALUES(?, ?, ?, ?, ?, ?, ?)"},
       {&mark_private_, "UPDATE topics SET private = 1 WHERE number = ? AND private = 0"},
       {&put_entry_, "INSERT INTO entries VALUES(?, ?, ?, ?)"},
       {&put_key_, "INSERT OR REPLACE INTO keys VALUES(?, ?, ?, ?, ?)"},
       {&expire_keys_, "DELETE FROM keys WHERE time < ?"},
       {&erase_entries_, "DELETE FROM entries WHERE topic = ? AND seq <= ?"},
       {&erase_event_, "DELETE FROM events WHERE seq = ?"},
       {&put_meta_, "INSERT OR REPLACE INTO meta VALUES(?, ?)"}});
}

Status ChangeRows::write(const Changes& changes, uint64_t last, int64_t last_time) {
  growth_ = 0;
  int code = put_topics(changes);
  // What leaves does so first, so that what comes finds its pages; an event may come and leave.
  if (code == SQLITE_OK) {
    code = erase(changes, 0);
  }
  if (code == SQLITE_OK) {
    code = put_events(changes);
  }
  if (code == SQLITE_OK) {
    code = put_keys(changes);
  }
  if (code == SQLITE_OK && !changes.events.empty()) {
    code = erase(changes, changes.events.front().event->seq());
  }
  if (code == SQLITE_OK) {
    code = drop_topics(changes);
  }
  if (code == SQLITE_OK && !changes.erased_events.empty()) {
    code = put_value("last", static_cast<int64_t>(last));
    code = code == SQLITE_OK ? put_value("last_time", last_time) : code;
  }
  if (code == SQLITE_OK && changes.forgotten) {
    code = put_value("forgotten_high", static_cast<int64_t>(changes.forgotten->first));
    code = code == SQLITE_OK ? put_value("forgotten_deleted_high",
                                         static_cast<int64_t>(changes.forgotten->second))
                             : code;
  }
  return checked(database_, code);
}

Status ChangeRows::put_meta(std::string_view name, int64_t value) {
  return checked(database_, put_value(name, value));
}

int ChangeRows::put_value(std::string_view name, int64_t value) {
  return put_meta_.bind_text(1, name).bind(2, value).run();
}

int ChangeRows::put_topics(const Changes& changes) {
  // Dropped names may come again under a new number in the same transaction.
  const int code = each(changes.dropped_topics,
                        [this](uint64_t number) { return drop_topic_.bind(1, number).run(); });
  if (code != SQLITE_OK) {
    return code;
  }
  return each(changes.topics, [this](const topics::JournalTopic& topic) {
    return put_topic_.bind(1, topic.number)
        .bind_text(2, topic.name)
        .bind(3, topic.gone_high)
        .bind(4, topic.deleted_high)
        .run();
  });
}

int ChangeRows::put_events(const Changes& changes) {
  return each(changes.events, [this](const topics::JournalEvent& added) {
    const sse::Event& event = *added.event;
    put_event_.bind(1, event.seq()).bind(2, event.time_ms()).bind(3, added.placement.topic);
    if (event.topics().size() > 1) {
      names_.clear();
      for (const std::string& name : event.topics()) {
        names_.append(names_.empty() ? "" : "\n").append(name);
      }
      put_event_.bind_text(4, names_);
    } else {
      put_event_.bind_null(4);
    }
    if (event.has_publisher_id()) {
      put_event_.bind_text(5, event.id());
    } else {
      put_event_.bind_null(5);
    }
    put_event_.bind(6, uint64_t{event.is_private()});
    int code = put_event_.bind_blob(7, event.body()).run();
    code = code == SQLITE_OK ? put_entry(added.placement, event) : code;
    if (code != SQLITE_OK) {
      return code;
    }
    ++growth_;
    return each(added.others,
                [&](const topics::Placement& other) { return put_entry(other, event); });
  });
}

int ChangeRows::put_entry(const topics::Placement& placement, const sse::Event& event) {
  const int marked = event.is_private() ? mark_private_.bind(1, placement.topic).run() : SQLITE_OK;
  if (marked != SQLITE_OK) {
    return marked;
  }
  return put_entry_.bind(1, placement.topic)
      .bind(2, event.seq())
      .bind(3, placement.nth)
      .bind(4, placement.bytes_through)
      .run();
}

int ChangeRows::put_keys(const Changes& changes) {
  const int code = each(changes.keys, [this](const topics::JournalKey& key) {
    return put_key_.bind_blob(1, key.key)
        .bind(2, key.accepted)
        .bind_text(3, key.first_id)
        .bind_text(4, key.last_id)
        .bind(5, key.unix_ms)
        .run();
  });
  if (code != SQLITE_OK || changes.keys_before_unix_ms == 0) {
    return code;
  }
  return expire_keys_.bind(1, changes.keys_before_unix_ms).run();
}

int ChangeRows::erase(const Changes& changes, uint64_t from) {
  const int code = each(changes.erased_entries, [&](const auto& erased) {
    return erased.second < from ? SQLITE_OK
                                : erase_entries_.bind(1, erased.first).bind(2, erased.second).run();
  });
  if (code != SQLITE_OK) {
    return code;
  }
  return each(changes.erased_events, [&](uint64_t seq) {
    if (seq < from) {
      return SQLITE_OK;
    }
    const int erased = erase_event_.bind(1, seq).run();
    growth_ -= erased == SQLITE_OK ? sqlite3_changes64(database_.handle()) : 0;
    return erased;
  });
}

int ChangeRows::drop_topics(const Changes& changes) {
  return each(changes.dropped_topics, [this](uint64_t number) {
    const int dropped = drop_topic_.bind(1, number).run();
    return dropped == SQLITE_OK ? drop_entries_.bind(1, number).run() : dropped;
  });
}

}  // namespace ringcast::journal
