// Publishing with a journal: see the two steps in hub.h. What has to leave it: hub_trim.cc.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "server/commit_group.h"
#include "server/hub.h"

namespace ringcast::server {

namespace {

// One transaction, so that nobody waits long for those before them, and the lock is held briefly.
constexpr size_t kMostGroupEvents = 1024;
constexpr size_t kLeastGroupBytes = 256 << 10;
constexpr size_t kMostGroupBytes = 8 << 20;
constexpr uint64_t kShareOfLimit = 32;
// Settled under one holding of the lock.
constexpr size_t kSettledAtOnce = 512;
constexpr size_t kRowBytes = 64;  // Of the journal, like the next.
constexpr size_t kPageBytes = 4096;
constexpr int64_t kExpireKeysMs = 1000;

size_t memory_of(const std::vector<Draft>& drafts) {
  size_t bytes = sizeof(Submission);
  for (const Draft& draft : drafts) {
    bytes += draft.event ? draft.event->memory() : draft.comment->size();
  }
  return bytes;
}

// At most: pages are not filled to the end, and there are keys, and a place in each topic.
size_t disk_bytes_of(const std::vector<Draft>& drafts) {
  size_t bytes = kRowBytes;
  for (const Draft& draft : drafts) {
    if (draft.event) {
      const size_t own = draft.event->wire().size();
      bytes += own + std::min(own, kPageBytes) + draft.key.size() +
               kRowBytes * (1 + draft.event->topics().size());
    }
  }
  return bytes;
}

void add(Receipt& receipt, const IdempotencyKeys::Answer& answer) {
  if (receipt.first_id.empty()) {
    receipt.first_id = answer.first_id;
  }
  receipt.last_id = answer.last_id;
}

topics::JournalKey row_of(const std::string& key, const IdempotencyKeys::Answer& answer,
                          int64_t unix_ms) {
  return {.key = key,
          .accepted = answer.accepted,
          .first_id = answer.first_id,
          .last_id = answer.last_id,
          .unix_ms = unix_ms};
}

}  // namespace

// The broker's own events may wait in their share of the memory. Of those that find no room all
// that is kept is that there were some.
Status Hub::admit(bool is_own, size_t bytes) {
  if (is_own) {
    const auto waiting = static_cast<int64_t>(own_pending_bytes_ + bytes);
    if (own_pending_bytes_ == 0 || waiting <= retention_.own_share()) {
      return Ok{};
    }
    has_lost_own_ = true;
    return fail(Errc::kBehind, "the disk is behind");
  }
  if (storage_error_) {
    return Failure{*storage_error_};
  }
  if (!pending_.empty() && pending_bytes_ + bytes > commit_options_.pending_bytes) {
    return fail(Errc::kBehind, "journal.pending: the disk is behind");
  }
  return retention_.make_room(bytes);
}

Status Hub::submit(std::vector<Draft>& drafts, Publisher who, const std::string& request_key,
                   Published done) {
  const size_t bytes = memory_of(drafts);
  const bool own = is_own(drafts);
  const size_t disk_bytes = own ? 0 : disk_bytes_of(drafts);
  {
    const std::lock_guard lock(mutex_);
    if (Status admitted = admit(own, bytes); !admitted) {
      return admitted;
    }
    budget_.charge(bytes);
    (own ? own_pending_bytes_ : pending_bytes_) += bytes;
    Submission& submission = pending_.emplace_back();
    submission.drafts = std::move(drafts);
    submission.who = who.name;
    submission.client = who.client;
    submission.request_key = request_key;
    submission.done = std::move(done);
    submission.submitted_us = clock_.steady_us();
    submission.charged = bytes;
    submission.disk_bytes = disk_bytes;
    submission.is_own = own;
  }
  is_unreleased_.store(true, std::memory_order_relaxed);
  return Ok{};
}

void Hub::release_submissions() {
  if (!is_unreleased_.load(std::memory_order_relaxed)) {
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    is_unreleased_.store(false, std::memory_order_relaxed);
    is_released_ = true;
  }
  work_.notify_one();
}

bool Hub::wait_for_commits(int64_t for_ms) {
  std::unique_lock lock(mutex_);
  work_.wait_for(lock, std::chrono::milliseconds(for_ms),
                 [this] { return is_released_ || is_stopping_; });
  is_released_ = false;
  return !pending_.empty() || !is_stopping_;
}

void Hub::stop_commits() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  work_.notify_one();
}

void Hub::set_storage_error(std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  storage_error_ = std::move(error);
}

Result<bool> Hub::commit() {
  CommitGroup group;
  group.usage = journal_->usage();
  Status planned = plan_trims(group);
  {
    const std::lock_guard lock(mutex_);
    last_time_ms_ = std::max(last_time_ms_, clock_.unix_ms());
    retention_.set_time(last_time_ms_);
    for (TrimPlan& plan : group.trims) {
      carry_out(group, plan);
    }
    std::sort(group.changes.erased_events.begin(), group.changes.erased_events.end());
    take_submissions(group);
    if (std::exchange(has_lost_own_, false)) {
      group.lost_own = group.unwritten_high = ++assigned_;
    }
    group.changes.dropped_topics = std::exchange(catalog_.dropped_numbers(), {});
    if (!group.changes.dropped_topics.empty()) {
      const topics::Tombstone& forgotten = catalog_.forgotten();
      group.changes.forgotten = {forgotten.high, forgotten.deleted_high};
    }
  }
  Status written = write(group);
  written_events_ = group.events;
  has_write_failed_ = !written && group.submissions.empty();
  if (!written) {
    undo(group);
  }
  settle(group, written);
  if (!written || !planned) {
    return std::move(written ? planned : written).failure();
  }
  return !group.changes.empty();
}

Status Hub::write(const CommitGroup& group) {
  if (group.unwritten_high > 0) {
    if (Status reserved = journal_->reserve(group.unwritten_high); !reserved) {
      return reserved;
    }
  }
  if (group.changes.empty()) {
    return Ok{};
  }
  const int64_t begun_us = clock_.steady_us();
  Status written = journal_->write(group.changes);
  writes_.observe(clock_.steady_us() - begun_us);
  return written;
}

// As many as there is room for in the journal. For the first, others wait and events leave, group
// by group; it is taken, and refused, when there are none that could, or the disk fails.
void Hub::take_submissions(CommitGroup& group) {
  const uint64_t share = group.usage.limit_bytes / kShareOfLimit;
  const bool makes_room = !group.changes.erased_entries.empty() && !has_write_failed_;
  uint64_t room = group.usage.room_bytes + group.freed_bytes;
  const size_t most_bytes = std::clamp<size_t>(share, kLeastGroupBytes, kMostGroupBytes);
  size_t bytes = 0;
  size_t events = 0;
  while (!pending_.empty() &&
         (events == 0 || (events + pending_.front().drafts.size() <= kMostGroupEvents &&
                          bytes + pending_.front().charged <= most_bytes))) {
    const uint64_t needed = room_needed(pending_.front(), group.usage);
    if (needed > room && (events > 0 || makes_room)) {
      group.changes.spare_bytes = needed;
      break;
    }
    room -= std::min(room, needed);
    Submission& submission = group.submissions.emplace_back(std::move(pending_.front()));
    pending_.pop_front();
    (submission.is_own ? own_pending_bytes_ : pending_bytes_) -= submission.charged;
    bytes += submission.charged;
    events += std::max<size_t>(submission.drafts.size(), 1);
    budget_.release(submission.charged);
    sequence(group, submission);
    submission.charged = submission.refusal ? 0 : submission.charged;
    budget_.charge(submission.charged);
  }
  written_bytes_ = bytes;
  is_released_ = is_released_ || !pending_.empty();
  const int64_t window_ms = keys_.window_ms();
  if (last_time_ms_ >= keys_expired_ms_ + kExpireKeysMs) {
    keys_expired_ms_ = last_time_ms_;
    // Only with something else: an idle journal is not written.
    group.changes.keys_before_unix_ms = group.changes.empty() ? 0 : last_time_ms_ - window_ms;
  }
}

// Gives the drafts their seqs. Repeats of what was stored, or comes before it in the group, get
// that answer.
void Hub::sequence(CommitGroup& group, Submission& submission) {
  if (!submission.cleared.empty()) {
    submission.is_written = true;
    if (const topics::Topic* topic = catalog_.find(submission.cleared);
        topic != nullptr && topic->is_journaled()) {
      journaled_topic(group, submission.cleared);
    }
    return;
  }
  const int64_t now_ms = clock_.steady_ms();
  Receipt& receipt = submission.receipt;
  const std::string& key = submission.request_key;
  if (!key.empty()) {
    const auto coming = group.keys.find(key);
    const IdempotencyKeys::Answer* known =
        coming != group.keys.end() ? &coming->second : keys_.find(key, now_ms);
    if (known != nullptr) {
      receipt = {known->accepted, known->accepted, known->first_id, known->last_id};
      submission.is_written = coming != group.keys.end();
      submission.drafts.clear();
      return;
    }
  }
  find_repeats(submission.drafts, submission.who, now_ms);
  std::vector<std::string> claimed;
  if (Status room = make_room(submission.drafts, {submission.who, submission.client}, claimed);
      !room) {
    submission.refusal = std::move(room).failure().error;
    return;
  }
  group.claimed.insert(group.claimed.end(), std::make_move_iterator(claimed.begin()),
                       std::make_move_iterator(claimed.end()));
  for (Draft& draft : submission.drafts) {
    sequence(group, submission, draft);
  }
  if (!key.empty()) {
    const IdempotencyKeys::Answer answer{receipt.accepted, receipt.first_id, receipt.last_id};
    group.changes.keys.push_back(row_of(key, answer, last_time_ms_));
    group.keys.emplace(key, answer);
    submission.is_written = true;
  }
}

void Hub::sequence(CommitGroup& group, Submission& submission, Draft& draft) {
  Receipt& receipt = submission.receipt;
  ++receipt.accepted;
  if (!draft.event) {
    return;
  }
  std::string scoped_key;
  if (!draft.key.empty()) {
    scoped_key = IdempotencyKeys::scoped(submission.who, draft.event->topics(), draft.key);
    if (const auto coming = group.keys.find(scoped_key); coming != group.keys.end()) {
      draft.repeat_of = coming->second;
      submission.is_written = true;
    }
  }
  if (draft.repeat_of) {
    ++receipt.duplicates;
    add(receipt, *draft.repeat_of);
    return;
  }
  draft.event->seal(epoch_, ++assigned_, last_time_ms_, submission.submitted_us);
  submission.is_written = place_in_journal(group, *draft.event) || submission.is_written;
  ++group.events;
  const std::string id(draft.event->id());
  const IdempotencyKeys::Answer answer{1, id, id};
  add(receipt, answer);
  if (!scoped_key.empty()) {
    group.changes.keys.push_back(row_of(scoped_key, answer, last_time_ms_));
    group.keys.emplace(std::move(scoped_key), answer);
  }
}

// False when all its topics are the broker's: it is not written.
bool Hub::place_in_journal(CommitGroup& group, const sse::Event& event) {
  topics::JournalEvent row{.event = &event};
  for (const std::string& name : event.topics()) {
    if (topics::is_reserved(name)) {
      continue;  // Never journaled.
    }
    topics::Topic& topic = journaled_topic(group, name);
    topics::OnDisk& disk = topic.disk;
    CommitGroup::Placed& placed = group.placed[&topic];
    if (placed.topic == nullptr) {
      placed = {.topic = &topic, .nth_before = disk.nth, .bytes_before = disk.bytes_through};
    }
    catalog_.topics_with_events += topic.holds_events() ? 0 : 1;
    ++disk.coming;
    ++placed.coming;
    disk.bytes_through += event.wire().size();
    const topics::Placement placement{disk.number, ++disk.nth, disk.bytes_through};
    if (row.placement.topic == 0) {
      row.placement = placement;
    } else {
      row.others.push_back(placement);
    }
  }
  if (row.placement.topic == 0) {
    group.unwritten_high = event.seq();
    return false;
  }
  group.changes.events.push_back(std::move(row));
  return true;
}

// With a row, which is written when it is new or has changed.
topics::Topic& Hub::journaled_topic(CommitGroup& group, const std::string& name) {
  topics::Topic& topic = catalog_.touch(name);
  topics::OnDisk& disk = topic.disk;
  disk.number = disk.number == 0 ? next_number_++ : disk.number;
  if (!std::exchange(disk.is_recorded, true)) {
    group.changes.topics.push_back(
        {disk.number, topic.name, topic.ring.evicted().high(), topic.deleted_high});
  }
  return topic;
}

void Hub::settle(CommitGroup& group, const Status& written) {
  if (written && !group.trims.empty()) {
    const std::lock_guard lock(mutex_);
    end_trims(group);
  }
  std::vector<Submission>& all = group.submissions;
  for (size_t index = 0; index < all.size();) {
    const size_t begin = index;
    {
      const std::lock_guard lock(mutex_);
      size_t settled = 0;
      for (; index < all.size() && settled < kSettledAtOnce; ++index) {
        settled += std::max<size_t>(all[index].drafts.size(), 1);
        settle(all[index], written);
      }
      to_wake_ = 0;
    }
    for (size_t done = begin; done < index; ++done) {
      answer(all[done], written);
    }
    wake_all();  // Once for news and answers, so that both leave in one turn.
  }
  if (group.lost_own > 0) {
    {
      const std::lock_guard lock(mutex_);
      committed_ = group.lost_own;
      announce(retention_.lose_own(group.lost_own));
      to_wake_ = 0;
    }
    wake_all();
  }
}

void Hub::wake_all() {
  for (const Inbox& inbox : inboxes_) {
    if (inbox.wake) {
      inbox.wake();
    }
  }
}

void Hub::answer(Submission& submission, const Status& written) {
  if (submission.refusal) {
    submission.done(Failure{*submission.refusal}, std::move(submission.drafts));
  } else if (!written && submission.is_written) {
    submission.done(Failure{written.error()}, std::move(submission.drafts));
  } else {
    submission.done(submission.receipt, {});
  }
}

// What was written becomes visible.
void Hub::settle(Submission& submission, const Status& written) {
  budget_.release(std::exchange(submission.charged, 0));
  if ((!written && submission.is_written) || submission.refusal || !submission.cleared.empty()) {
    return;
  }
  const int64_t now_ms = clock_.steady_ms();
  for (Draft& draft : submission.drafts) {
    if (!draft.event) {
      announce(draft);
      continue;
    }
    if (draft.repeat_of) {
      continue;
    }
    committed_ = draft.event->seq();
    const topics::EventRef event = budget_.hold(std::move(draft.event));
    for (const std::string& name : event->topics()) {
      announce(retention_.append(event, name));
    }
    ++published_;
    published_bytes_ += event->wire().size();
    if (!draft.key.empty()) {
      const std::string id(event->id());
      keys_.add(IdempotencyKeys::scoped(submission.who, event->topics(), draft.key), {1, id, id},
                now_ms);
    }
  }
  if (!submission.request_key.empty()) {
    const Receipt& receipt = submission.receipt;
    keys_.add(submission.request_key, {receipt.accepted, receipt.first_id, receipt.last_id},
              now_ms);
  }
}

// Nothing was written: the topics are as they were. The seqs are not used again.
void Hub::undo(CommitGroup& group) {
  const std::lock_guard lock(mutex_);
  std::vector<uint64_t>& dropped = catalog_.dropped_numbers();
  dropped.insert(dropped.end(), group.changes.dropped_topics.begin(),
                 group.changes.dropped_topics.end());
  give_back(group.claimed);
  for (auto& [key, placed] : group.placed) {
    topics::Topic& topic = *placed.topic;
    topic.disk.nth = placed.nth_before;
    topic.disk.bytes_through = placed.bytes_before;
    topic.disk.coming -= placed.coming;
    catalog_.topics_with_events -= topic.holds_events() ? 0 : 1;
  }
  for (const auto& row : group.changes.topics) {
    if (topics::Topic* topic = catalog_.find(row.name)) {
      topic->disk.is_recorded = false;
      catalog_.forget_if_unused(*topic);
    }
  }
}

}  // namespace ringcast::server
