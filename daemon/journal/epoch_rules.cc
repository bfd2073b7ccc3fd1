#include "journal/epoch_rules.h"

#include <algorithm>

namespace ringcast::journal {

namespace {

Future begun_afresh(const Past& past, const Surroundings& surroundings) {
  const uint64_t marked = past.mark ? past.mark->last : 0;
  return {.epoch = surroundings.fresh_epoch,
          .last_seq = std::max({past.highest, past.meta.reserved, marked})};
}

Future copied(const Past& past, const Surroundings& surroundings, const std::string& sign) {
  Future future = begun_afresh(past, surroundings);
  future.notes.push_back("the journal is a copy or was restored (" + sign +
                         "): it goes on with a new epoch, and who resumes is told of a gap");
  return future;
}

// Without a known boot the worst is assumed.
bool is_other_boot(const Past& past, const Surroundings& surroundings) {
  return past.meta.boot_id.empty() || past.meta.boot_id != surroundings.boot_id;
}

}  // namespace

bool belongs(const MarkRecord& mark, const Past& past) {
  const bool is_same_life =
      mark.life == past.meta.life || (mark.previous != 0 && mark.previous == past.meta.life);
  return is_same_life && mark.inode == past.inode;
}

Future judge(const Past& past, const Surroundings& surroundings) {
  if (past.meta.life == 0) {  // Made just now.
    return begun_afresh(past, surroundings);
  }
  if (!past.mark) {
    return copied(past, surroundings, "its mark file is missing or damaged");
  }
  if (!belongs(*past.mark, past)) {
    return copied(past, surroundings, "its mark file belongs to another database");
  }
  const bool could_lose =
      past.meta.sync != Sync::kAlways && is_other_boot(past, surroundings) && !past.meta.is_clean;
  const bool is_behind = past.mark->last > past.highest;
  if (is_behind && !could_lose) {
    return copied(past, surroundings, "its mark file knows of newer events");
  }
  Future future{.epoch = past.meta.epoch, .last_seq = past.highest, .keeps_holes = true};
  if (past.meta.is_clean) {
    future.last_seq = std::max(past.meta.reserved, past.highest);  // Not all in use was written.
    return future;
  }
  future.last_seq = std::max({past.meta.reserved, past.highest, past.mark->last});
  future.notes.push_back("the journal did not end cleanly: the sequence goes on above " +
                         std::to_string(future.last_seq));
  if (could_lose) {
    future.hole = {past.highest, future.last_seq};
    future.notes.push_back("the machine went down before the newest events were synced: events " +
                           std::string(is_behind ? "are" : "may be") + " lost between " +
                           std::to_string(past.highest) + " and " +
                           std::to_string(future.last_seq));
  }
  return future;
}

}  // namespace ringcast::journal
