// The world's publishers: what they send, and what they must be answered.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "sse/blocks.h"
#include "support/model_world.h"

namespace ringcast::model {

namespace {

constexpr size_t kFatBytes = 30'000;  // Two of them are more than a slice.

std::vector<std::string> names_of(Mask topics) {
  std::vector<std::string> names;
  each_topic(topics, [&](size_t topic) { names.emplace_back(kTopics[topic]); });
  return names;
}

}  // namespace

server::Draft World::make_draft(Logged& logged) {
  logged.serial = ++serial_;
  logged.time_ms = time_ms_;
  // The broker's own topics are never journaled: nobody publishes there.
  const size_t topics = kTopics.size() - (setup_.has_journal ? 1 : 0);
  logged.topics = Mask{1} << random_.below(topics);
  if (random_.one_in(4)) {
    logged.topics |= Mask{1} << random_.below(topics);
    logged.topics |= Mask{1} << random_.below(topics);
  }
  logged.type = random_.pick<const char*>({"", "", "x", "y"});
  logged.own_id = random_.one_in(6) ? "p" + std::to_string(random_.below(8)) : "";
  std::string data = "s" + std::to_string(logged.serial) + ".";
  data.append(random_.one_in(40) && !setup_.is_tight ? kFatBytes : random_.below(60), 'x');
  logged.block = logged.type.empty() ? "" : "event: " + logged.type + "\n";
  logged.block += "data: " + data + "\n\n";

  server::Draft draft;
  draft.event = sse::Event::encode({.type = logged.type, .id = logged.own_id, .data = data},
                                   names_of(logged.topics));
  draft.key = random_.one_in(8) ? "k" + std::to_string(random_.below(4)) : "";
  return draft;
}

std::vector<server::Draft> World::make_drafts(std::vector<Logged>& logged) {
  std::vector<server::Draft> drafts;
  const bool is_bulk = random_.one_in(30);
  const uint64_t count = is_bulk ? 20 + random_.below(40) : random_.pick<uint64_t>({1, 1, 1, 2, 5});
  for (uint64_t at = 0; at < count; ++at) {
    drafts.push_back(make_draft(logged.emplace_back()));
    if (is_bulk && at > 0) {  // Into one topic: more than its ring holds.
      drafts.back().key.clear();
    }
  }
  if (random_.one_in(20)) {
    server::Draft comment;
    comment.comment = hub_->budget().hold(sse::comment_block("psst"));
    comment.comment_topics = {std::string(kTopics[random_.below(kTopics.size())])};
    drafts.push_back(std::move(comment));
  }
  return drafts;
}

bool World::would_be_too_many(const std::vector<server::Draft>& drafts) const {
  std::unordered_set<std::string> fresh;
  for (const server::Draft& draft : drafts) {
    if (draft.event) {
      fresh.insert(draft.event->topics().begin(), draft.event->topics().end());
    }
  }
  for (size_t topic = 0; topic < kTopics.size(); ++topic) {
    if (log_.size(topic) > 0) {
      fresh.erase(std::string(kTopics[topic]));
    }
  }
  // Those of the broker are counted by themselves.
  const auto is_over = [&](bool of_broker) {
    const auto is_such = [&](const std::string& name) {
      return topics::is_reserved(name) == of_broker;
    };
    const auto added = static_cast<uint64_t>(std::count_if(fresh.begin(), fresh.end(), is_such));
    return added > 0 && log_.topics_with_events(of_broker) + added > setup_.options.limits.topics;
  };
  return is_over(false) || is_over(true);
}

void World::note_publish(const std::vector<Logged>& logged) {
  std::string what = "publish";
  for (const Logged& each : logged) {
    each_topic(each.topics, [&](size_t topic) { what.append(" ").append(kTopics[topic]); });
    what += ",";
  }
  note(what);
}

void World::publish() {
  time_ms_ = std::max(time_ms_, clock_.unix_ms());
  std::vector<Logged> logged;
  std::vector<server::Draft> drafts = make_drafts(logged);
  std::vector<std::string> keys;
  Mask touched = 0;
  for (size_t at = 0; at < logged.size(); ++at) {
    keys.push_back(
        drafts[at].key.empty() ? "" : drafts[at].key + "/" + std::to_string(logged[at].topics));
    touched |= logged[at].topics;
  }
  if (tells_) {
    note_publish(logged);
  }
  if (setup_.has_journal) {
    submit(std::move(drafts), std::move(logged), std::move(keys));
  } else {
    publish_now(std::move(drafts), std::move(logged), keys, touched);
  }
}

void World::publish_now(std::vector<server::Draft> drafts, std::vector<Logged> logged,
                        const std::vector<std::string>& keys, Mask touched) {
  const bool is_too_many = would_be_too_many(drafts);
  const auto by_worker = static_cast<uint32_t>(random_.below(fanouts_.size()));
  const Result<server::Receipt> receipt = hub_->publish(drafts, "", by_worker);
  if (!receipt) {
    ++refused_;
    note("refused: " + receipt.error().detail);
    verdict_.expect(is_too_many || setup_.is_tight, "refused without a reason");
    verdict_.expect(drafts.front().event != nullptr, "a refused publish used its drafts up");
  } else {
    // A repeat needs no room.
    verdict_.expect(!is_too_many || setup_.is_tight || receipt->duplicates > 0,
                    "more topics hold events than may");
    expect_receipt(drafts.size(), logged, keys, *receipt);
    expect_memory();
  }
  sync(setup_.is_tight ? (Mask{1} << kTopics.size()) - 1 : touched, Log::Cause::kTrim);
}

void World::expect_receipt(size_t drafts, std::vector<Logged>& logged,
                           const std::vector<std::string>& keys, const server::Receipt& receipt) {
  uint64_t duplicates = 0;
  std::string first;
  std::string last;
  for (size_t at = 0; at < logged.size(); ++at) {
    const auto known = answers_.find(keys[at]);
    if (!keys[at].empty() && known != answers_.end() &&
        known->second.since_ms + setup_.options.idempotency.window_ms > clock_.steady_ms()) {
      ++duplicates;
      last = known->second.id;
    } else {
      log_.append(std::move(logged[at]));
      std::string room;
      last = std::string(log_[log_.committed()].id(room));
      if (!keys[at].empty()) {
        answers_[keys[at]] = {last, clock_.steady_ms()};
      }
    }
    first = first.empty() ? last : first;
  }
  duplicates_ += duplicates;
  verdict_.expect(receipt.accepted == drafts, "the receipt counts wrongly");
  verdict_.expect(receipt.duplicates == duplicates, "the receipt counts duplicates wrongly");
  verdict_.expect(receipt.first_id == first && receipt.last_id == last,
                  "the receipt names other ids");
}

}  // namespace ringcast::model
