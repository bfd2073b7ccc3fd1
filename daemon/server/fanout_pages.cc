// Readers whose next events have left the rings: they wait until a page was read from the journal,
// and then go on like the others.
#include <algorithm>
#include <utility>

#include "server/fanout.h"

namespace ringcast::server {

namespace {

// So many pages of a worker are read at a time: who waits, waits without memory.
constexpr size_t kMostReads = 16;
constexpr size_t kMostPages = 64;

}  // namespace

void Fanout::wait_for_page(Subscriber& subscriber) {
  OwnWords* words = subscriber.words.get();
  if (words != nullptr && !words->gap && !words->block.empty()) {
    write_block(subscriber, std::exchange(words->block, {}));  // The stream is open meanwhile.
    if (subscriber.is_blocked()) {
      return;
    }
  }
  const PageKey key{subscriber.group, subscriber.reader.cursor};
  const auto [wait, is_new] = page_waits_.try_emplace(key);
  wait->second.waiters.insert(&subscriber);
  subscriber.is_waiting = true;
  if (is_new) {
    to_read_.push_back(key);
    start_reads();
  }
}

void Fanout::start_reads() {
  while (reads_.size() < kMostReads && !to_read_.empty()) {
    const PageKey key = to_read_.front();
    to_read_.pop_front();
    const auto wait = page_waits_.find(key);
    if (wait == page_waits_.end() || wait->second.ticket != 0) {
      continue;  // They have gone meanwhile, and maybe others have come.
    }
    wait->second.ticket = ++last_ticket_;
    reads_.emplace(last_ticket_, key);
    replay_.read(last_ticket_, hub_.page_query(*key.first, {.cursor = key.second}, visible_));
  }
}

void Fanout::take_page(uint64_t ticket, Result<topics::Page> page) {
  const PageKey key = reads_.at(ticket);
  reads_.erase(ticket);
  start_reads();
  const auto wait = page_waits_.find(key);
  if (wait == page_waits_.end() || wait->second.ticket != ticket) {
    return;
  }
  const std::unordered_set<Subscriber*> waiters = std::move(wait->second.waiters);
  page_waits_.erase(wait);
  if (page) {
    pages_.push_back({key, hub_.hold(std::move(*page))});
    if (pages_.size() > kMostPages) {
      pages_.pop_front();
    }
  }
  for (Subscriber* waiter : waiters) {
    waiter->is_waiting = false;
    if (page) {
      make_ready(*waiter);
    } else {
      end_unreadable(*waiter);
    }
  }
}

void Fanout::take_place(uint64_t ticket, const Result<uint64_t>& found) {
  const auto entry = place_waits_.find(ticket);
  if (entry == place_waits_.end()) {
    return;
  }
  PlaceWait wait = std::move(entry->second);
  place_waits_.erase(entry);
  Subscriber& subscriber = *wait.subscriber;
  subscriber.is_waiting = false;
  if (subscriber.is_ended) {
    return;
  }
  if (found) {
    begin(subscriber, hub_.place(wait.start, wait.asked, *found), wait.padding);
  } else {
    end_unreadable(subscriber);
  }
}

// What cannot be read now may be readable later: the client comes back with the same place.
void Fanout::end_unreadable(Subscriber& subscriber) {
  end(subscriber, 2 * options_.retry_ms, "the journal cannot be read at the moment");
}

const HeldPage* Fanout::find_page(const PageKey& key) const {
  const auto found = std::find_if(pages_.rbegin(), pages_.rend(),
                                  [&](const KeptPage& kept) { return kept.key == key; });
  return found == pages_.rend() ? nullptr : &found->page;
}

void Fanout::drop_unused_pages() {
  if (page_waits_.empty() && !has_work()) {
    pages_.clear();
  }
}

void Fanout::forget_pages(const Group& group) {
  const auto is_of_group = [&](const auto& entry) { return entry.first.first == &group; };
  std::erase_if(page_waits_, is_of_group);
  std::erase_if(pages_, [&](const KeptPage& kept) { return kept.key.first == &group; });
}

void Fanout::stop_waiting(Subscriber& subscriber) {
  if (!std::exchange(subscriber.is_waiting, false)) {
    return;
  }
  std::erase_if(place_waits_,
                [&](const auto& entry) { return entry.second.subscriber == &subscriber; });
  const auto wait = page_waits_.find({subscriber.group, subscriber.reader.cursor});
  if (wait != page_waits_.end() && wait->second.waiters.erase(&subscriber) > 0 &&
      wait->second.waiters.empty() && wait->second.ticket == 0) {
    page_waits_.erase(wait);
  }
}

}  // namespace ringcast::server
