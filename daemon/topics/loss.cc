#include <algorithm>
#include <set>

#include "topics/reader.h"

namespace ringcast::topics {

namespace {

bool comes_through_another(const Interest& interest, const SharedLoss& loss) {
  const uint64_t seq = loss.seq;
  return std::any_of(
      interest.topics.begin(), interest.topics.end(), [&](const Interest::Link& link) {
        const Ring& ring = link.topic->ring;
        if (loss.names) {  // What a topic has lost is always its oldest part.
          return ring.evicted().high() < seq && std::find(loss.names->begin(), loss.names->end(),
                                                          link.topic->name) != loss.names->end();
        }
        return !ring.empty() && ring.oldest().seq <= seq && ring.contains(seq);
      });
}

// Gathers what several topics have lost into one loss.
class LossCount {
 public:
  LossCount(const Interest& interest, Reader reader) : interest_(interest), reader_(reader) {}

  void add(const Topic& topic) {
    const EvictedLog& evicted = topic.ring.evicted();
    if (evicted.high() <= reader_.cursor) {
      return;
    }
    const uint64_t after = std::max(reader_.cursor, evicted.high_at(reader_.told));
    if (evicted.high() <= after) {
      return;
    }
    // Who does not see private events must not learn how many there were.
    is_exact_ = is_exact_ && (interest_.sees_private || !topic.has_private);
    if (after < evicted.exact_above()) {
      note(topic.deleted_high >= evicted.high(), topic.policy->lagged);
      is_exact_ = false;
      return;
    }
    const size_t shared_before = shared_.size();
    evicted.collect_shared(after, shared_);
    // What still comes through another topic is no loss, whatever this topic's policy is.
    shared_.erase(
        std::remove_if(
            shared_.begin() + static_cast<std::ptrdiff_t>(shared_before), shared_.end(),
            [&](const SharedLoss* loss) { return comes_through_another(interest_, *loss); }),
        shared_.end());
    const uint64_t unshared = evicted.count_unshared(after);
    count_ += unshared;
    uint64_t last_lost = unshared > 0 ? evicted.last_unshared() : 0;
    if (shared_.size() > shared_before) {
      last_lost = std::max(last_lost, shared_.back()->seq);
    }
    if (last_lost > 0) {
      note(topic.deleted_high >= last_lost, topic.policy->lagged);
    }
  }

  void add(const PatternWatch& watch) {
    if (watch.gone.high > reader_.cursor && watch.gone.when > reader_.told) {
      note(watch.gone.deleted_high >= watch.gone.high, Lagged::kSkip);
      is_exact_ = false;
    }
  }

  std::optional<Loss> result() {
    if (!is_lost_) {
      return std::nullopt;
    }
    std::set<uint64_t> shared;  // Several of the topics may have lost it.
    for (const SharedLoss* loss : shared_) {
      shared.insert(loss->seq);
    }
    count_ += shared.size();
    loss_.missed = is_exact_ && interest_.types.empty() ? std::optional(count_) : std::nullopt;
    return loss_;
  }

 private:
  void note(bool deleted, Lagged lagged) {
    is_lost_ = true;
    loss_.all_deleted = loss_.all_deleted && deleted;
    loss_.disconnect = loss_.disconnect || (lagged == Lagged::kDisconnect && !deleted);
  }

  const Interest& interest_;
  Reader reader_;
  Loss loss_;
  uint64_t count_ = 0;
  bool is_lost_ = false;
  bool is_exact_ = true;
  std::vector<const SharedLoss*> shared_;
};

}  // namespace

std::optional<Loss> find_loss(const Interest& interest, Reader reader, bool only_news) {
  LossCount count(interest, reader);
  interest.each_topic(only_news, [&](const Topic& topic) { count.add(topic); });
  for (const PatternWatch* watch : interest.watches) {
    count.add(*watch);
  }
  std::optional<Loss> loss = count.result();
  // To be told of a gap is to be told of all of them: also of losses in topics whose news the
  // worker has not taken yet, as they are older than the telling.
  return loss && only_news ? find_loss(interest, reader, false) : loss;
}

}  // namespace ringcast::topics
