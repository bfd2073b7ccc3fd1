#include "topics/catalog.h"

#include <algorithm>
#include <utility>

namespace ringcast::topics {

namespace {

// What a topic and a tombstone cost beside their names: nodes, buckets and the allocator's share.
// With the topic's, who counts by on_forget() keeps one entry for each.
constexpr size_t kTopicCost = sizeof(Topic) + 300;
constexpr size_t kTombstoneCost = sizeof(Tombstone) + 200;

// A link stands in both lists, which grow by doubling.
constexpr size_t kLinkCost = 2 * (sizeof(Interest::Link) + sizeof(Topic::Link));
// A segment of a pattern in the tree: a node, its name and the map's node.
constexpr size_t kSegmentCost = 250;
// A matcher beside its texts: itself, its watch and the nodes of its index.
constexpr size_t kMatcherCost = sizeof(Matcher) + sizeof(PatternWatch) + 600;

size_t cost_of_topic(const Topic& topic) {
  return kTopicCost + topic.name.size();
}

// Matchers see those of the broker as paths.
bool may_match_own(const Matcher& matcher) {
  return matcher.prefix().empty() || matcher.prefix().starts_with('/');
}

bool may_want_own(const Interest& interest) {
  const auto is_own = [](const std::string& pattern) { return is_reserved(pattern); };
  const auto may_match = [](const MatcherRef& matcher) { return may_match_own(*matcher); };
  return std::any_of(interest.patterns.begin(), interest.patterns.end(), is_own) ||
         std::any_of(interest.matchers.begin(), interest.matchers.end(), may_match);
}

std::vector<Tally> tallies_for(const Policies& policies) {
  std::vector<Tally> tallies;
  for (const PolicyRule& rule : policies.rules) {
    tallies.push_back({.match = rule.match});
  }
  tallies.emplace_back();
  return tallies;
}

}  // namespace

void Tombstone::absorb(const Tombstone& other) {
  high = std::max(high, other.high);
  deleted_high = std::max(deleted_high, other.deleted_high);
  when = std::max(when, other.when);
}

bool Interest::wants(const sse::Event& event) const {
  if (event.is_private() && !sees_private &&
      (private_topics == nullptr || !private_topics->grants(event))) {
    return false;
  }
  if (types.empty()) {
    return true;
  }
  const std::string_view type = event.type().empty() ? "message" : event.type();
  return std::find(types.begin(), types.end(), type) != types.end();
}

bool Interest::matches(std::string_view topic) const {
  return std::any_of(
             patterns.begin(), patterns.end(),
             [topic](const std::string& pattern) { return topics::matches(pattern, topic); }) ||
         std::any_of(matchers.begin(), matchers.end(),
                     [topic](const MatcherRef& matcher) { return matcher->matches(topic); });
}

uint64_t Topic::subscribers(uint32_t except) const {
  uint64_t count = 0;
  for (const Link& link : interests) {
    const Interest& interest = *link.interest;
    count += interest.worker == except ? 0 : interest.readers.load(std::memory_order_relaxed);
  }
  return count;
}

Catalog::Catalog(Budget& budget, Policies policies, uint32_t workers, size_t max_tombstones)
    : budget_(budget),
      policies_(std::move(policies)),
      tallies_(tallies_for(policies_)),
      workers_(workers),
      max_tombstones_(max_tombstones) {}

Catalog::~Catalog() {
  for (const auto& [name, topic] : topics_) {
    budget_.release(cost_of_topic(*topic));
  }
  for (const Graveyard* graves : {&graves_, &own_graves_}) {
    for (const auto& [name, tombstone] : graves->tombstones) {
      budget_.release(kTombstoneCost + name.size());
    }
  }
}

Topic* Catalog::find(std::string_view name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : found->second.get();
}

Topic& Catalog::touch(std::string_view name) {
  if (Topic* known = find(name)) {
    return *known;
  }
  const size_t rule = policies_.rule_of(name);
  auto born = std::make_unique<Topic>(name, policies_.at(rule), tallies_[rule], budget_);
  Topic& topic = *born;
  budget_.charge(cost_of_topic(topic));
  topics_.emplace(topic.name, std::move(born));
  by_name_.emplace(topic.name, &topic);

  Graveyard& graves = graves_of(name);
  Tombstone past = graves.forgotten;
  if (const auto grave = graves.tombstones.find(name); grave != graves.tombstones.end()) {
    past.absorb(grave->second);
    topic.disk.number = grave->second.number;
    topic.disk.is_recorded = topic.is_journaled();
    graves.by_high.erase({grave->second.high, grave->first});
    budget_.release(kTombstoneCost + name.size());
    graves.tombstones.erase(grave);
  }
  topic.ring.forget_up_to(past.high, past.when);
  topic.deleted_high = past.deleted_high;
  topic.hearsay = graves.forgotten.high;
  // An interest may match by several of its patterns.
  const uint64_t birth = ++visit_;
  each_watch(name, [&](PatternWatch& watch) {
    for (Interest* interest : watch.interests) {
      if (std::exchange(interest->linked_in, birth) != birth) {
        link(*interest, topic);
      }
    }
  });
  return topic;
}

bool Catalog::forget_if_unused(Topic& topic) {
  if (topic.holds_events() || topic.exact_interests > 0 || topic.unread_by != 0 ||
      topic.disk.is_queued) {
    return false;
  }
  if (tell_forgotten_) {
    tell_forgotten_(topic.name);
  }
  bury(topic);
  while (!topic.interests.empty()) {
    unlink(topic, topic.interests.size() - 1);
  }
  budget_.release(cost_of_topic(topic));
  by_name_.erase(topic.name);
  topics_.erase(topics_.find(topic.name));
  return true;
}

void Catalog::bury(const Topic& topic) {
  const EvictedLog& evicted = topic.ring.evicted();
  if (evicted.high() <= topic.hearsay) {  // It has lost nothing itself.
    drop_number(topic.disk.number);
    return;
  }
  // The patterns need to know even what is too old for a tombstone: what was dropped before came
  // from other topics, or from before they were watched.
  const Tombstone tombstone{evicted.high(), topic.deleted_high, evicted.last_time(),
                            topic.disk.number};
  each_watch(topic.name, [&](PatternWatch& watch) { watch.gone.absorb(tombstone); });
  if (tombstone.high <= graves_of(topic.name).forgotten.high) {
    drop_number(tombstone.number);
    return;
  }
  place(topic.name, tombstone);
}

void Catalog::place(std::string_view name, const Tombstone& tombstone) {
  Graveyard& graves = graves_of(name);
  graves.buried.absorb(tombstone);
  const auto placed = graves.tombstones.emplace(name, tombstone).first;
  graves.by_high.emplace(tombstone.high, placed->first);
  budget_.charge(kTombstoneCost + name.size());
  if (graves.tombstones.size() > max_tombstones_) {
    drop_oldest(graves);
  }
}

void Catalog::restore(std::string_view name, const Tombstone& tombstone) {
  place(name, tombstone);
}

void Catalog::drop_number(uint64_t number) {
  if (number != 0) {
    dropped_numbers_.push_back(number);
  }
}

bool Catalog::drop_oldest(Graveyard& graves) {
  if (graves.tombstones.empty()) {
    return false;
  }
  const auto oldest = graves.tombstones.find(graves.by_high.begin()->second);
  graves.by_high.erase(graves.by_high.begin());
  graves.forgotten.absorb(oldest->second);
  drop_number(oldest->second.number);
  budget_.release(kTombstoneCost + oldest->first.size());
  graves.tombstones.erase(oldest);
  return true;
}

size_t Catalog::cost_of(std::string_view pattern) {
  if (!has_wildcard(pattern)) {
    return kTopicCost + pattern.size() + kLinkCost;
  }
  const auto slashes = static_cast<size_t>(std::count(pattern.begin(), pattern.end(), '/'));
  return kSegmentCost * (slashes + 1) + pattern.size();
}

size_t Catalog::cost_of(const Matcher& matcher) {
  return kMatcherCost + 3 * matcher.text().size() + matcher.memory();
}

Status Catalog::check_matchers(const std::vector<MatcherRef>& matchers) const {
  size_t compared = 0;
  for (const MatcherRef& matcher : matchers) {
    const std::string_view prefix = matcher->prefix();
    if (!matchers_.contains(*matcher) &&
        matchers_.weight_alike(prefix) + matcher->weight() > kMostAlike) {
      return fail(Errc::kOverloaded,
                  std::to_string(kMostAlike) + " other templates or patterns begin alike");
    }
    const bool is_usual = matchers.size() == 1 && matcher->weight() == 1;
    if (!is_usual && compared <= kMostCompared) {
      compared += comparisons(by_name_, *matcher, kMostCompared);
    }
  }
  return compared <= kMostCompared
             ? Status(Ok{})
             : fail(Errc::kOverloaded,
                    "too many topics would be compared with so many templates and patterns: "
                    "subscribe to fewer at a time, or let them begin with more than a variable");
}

template <typename Map>
size_t Catalog::comparisons(const Map& map, const Matcher& matcher, size_t most) {
  size_t compared = 0;
  const std::string own = std::string(kMercureRoot).append(matcher.prefix());
  for (const std::string_view start : {matcher.prefix(), std::string_view(own)}) {
    for (auto entry = map.lower_bound(start);
         entry != map.end() && std::string_view(entry->first).starts_with(start) &&
         compared <= most;
         ++entry) {
      compared += matcher.weight();
    }
  }
  return compared;
}

bool Catalog::Wild::wants_own() const {
  return matcher != nullptr ? may_match_own(*matcher) : is_reserved(pattern);
}

bool Catalog::Wild::wants_others() const {
  return matcher != nullptr || !is_reserved(pattern);
}

void Catalog::watch_wild(Interest& interest, std::vector<Wild>& wild) {
  for (const MatcherRef& matcher : interest.matchers) {
    PatternWatch& watch = matchers_[matcher];
    wild.push_back({{}, &watch, watch.interests.empty(), matcher.get()});
  }
  for (const Wild& each : wild) {
    if (each.is_new) {
      budget_.charge(each.matcher != nullptr ? cost_of(*each.matcher) : cost_of(each.pattern));
      each.watch->gone.absorb(each.wants_others() ? graves_.forgotten : Tombstone());
      each.watch->gone.absorb(each.wants_own() ? own_graves_.forgotten : Tombstone());
    }
    each.watch->interests.push_back(&interest);
    interest.watches.push_back(each.watch);
  }
}

// What the new ones among them once matched. Where that would take long, all that is gone counts:
// gaps may then be told too often, never too seldom.
void Catalog::learn_losses(const Graveyard& graves, const std::vector<Wild>& wild) {
  std::vector<Wild> compared;
  size_t comparisons_so_far = 0;
  for (const Wild& each : wild) {
    if (!each.is_new) {
      continue;
    }
    if (each.matcher != nullptr) {
      comparisons_so_far += comparisons(graves.tombstones, *each.matcher, kMostCompared);
      if (comparisons_so_far > kMostCompared) {
        each.watch->gone.absorb(graves.buried);
        continue;
      }
    }
    compared.push_back(each);
  }
  each_match(graves.tombstones, compared,
             [](const auto& entry, const Wild& each) { each.watch->gone.absorb(entry.second); });
}

void Catalog::join_topic(Interest& interest, std::string_view name, uint64_t join) {
  Topic& topic = touch(name);
  ++topic.exact_interests;
  if (std::exchange(topic.linked_in, join) != join) {
    link(interest, topic);
  }
}

void Catalog::join(Interest& interest) {
  interest.is_joined = true;
  const uint64_t join = ++visit_;
  std::vector<Wild> wild;
  for (const std::string& pattern : interest.patterns) {
    if (has_wildcard(pattern)) {
      PatternWatch& watch = patterns_[pattern];
      wild.push_back({pattern, &watch, watch.interests.empty()});
      continue;
    }
    join_topic(interest, pattern, join);
  }
  interest.hears_losses = may_want_own(interest);
  if (interest.hears_losses) {
    join_topic(interest, kLossTopic, join);
  }
  watch_wild(interest, wild);
  learn_losses(graves_, wild);
  learn_losses(own_graves_, wild);
  each_match(by_name_, wild, [&](const auto& entry, const Wild&) {
    if (std::exchange(entry.second->linked_in, join) != join) {
      link(interest, *entry.second);
    }
  });
}

void Catalog::leave(Interest& interest) {
  if (!std::exchange(interest.is_joined, false)) {
    return;
  }
  std::vector<Topic*> topics;
  for (const Interest::Link& each : interest.topics) {
    topics.push_back(each.topic);
  }
  interest.news.clear();
  while (!interest.topics.empty()) {
    unlink(*interest.topics.back().topic, interest.topics.back().back);
  }
  for (PatternWatch* watch : interest.watches) {
    std::erase(watch->interests, &interest);
  }
  for (const std::string& pattern : interest.patterns) {
    if (!has_wildcard(pattern)) {
      --find(pattern)->exact_interests;
    } else if (patterns_[pattern].interests.empty()) {
      patterns_.erase(pattern);
      budget_.release(cost_of(pattern));
    }
  }
  for (const MatcherRef& matcher : interest.matchers) {
    if (matchers_[matcher].interests.empty()) {
      matchers_.erase(*matcher);
      budget_.release(cost_of(*matcher));
    }
  }
  interest.watches.clear();
  if (std::exchange(interest.hears_losses, false)) {
    --find(kLossTopic)->exact_interests;
  }
  for (Topic* topic : topics) {
    forget_if_unused(*topic);
  }
}

void Catalog::set_policies(Policies policies) {
  policies_ = std::move(policies);
  const std::vector<Tally> before = std::exchange(tallies_, tallies_for(policies_));
  for (const Tally& old : before) {
    const auto same = std::find_if(tallies_.begin(), tallies_.end(),
                                   [&](const Tally& tally) { return tally.match == old.match; });
    if (same != tallies_.end()) {
      same->published = old.published;
    }
  }
  for (const auto& [name, topic] : topics_) {
    const size_t rule = policies_.rule_of(name);
    topic->policy = &policies_.at(rule);
    topic->tally = &tallies_[rule];
    topic->tally->events += topic->ring.size();
    topic->tally->bytes += topic->ring.bytes();
  }
}

void Catalog::link(Interest& interest, Topic& topic) {
  topic.interests.push_back({&interest, interest.topics.size()});
  interest.topics.push_back({&topic, topic.interests.size() - 1});
  topic.interests_of_worker.resize(workers_);
  ++topic.interests_of_worker[interest.worker];
  topic.workers |= uint64_t{1} << interest.worker;
  budget_.charge(kLinkCost);
}

// Both sides are unordered, so that the last one fills the hole: constant time.
void Catalog::unlink(Topic& topic, size_t index) {
  const Topic::Link link = topic.interests[index];
  Interest& interest = *link.interest;
  if (--topic.interests_of_worker[interest.worker] == 0) {
    topic.workers &= ~(uint64_t{1} << interest.worker);
  }
  topic.interests[index] = topic.interests.back();
  topic.interests[index].interest->topics[topic.interests[index].back].back = index;
  topic.interests.pop_back();

  interest.topics[link.back] = interest.topics.back();
  const Interest::Link& moved = interest.topics[link.back];
  if (moved.topic != &topic) {
    moved.topic->interests[moved.back].back = link.back;
  }
  interest.topics.pop_back();
  std::erase(interest.news, &topic);
  budget_.release(kLinkCost);
}

template <typename Map, typename Visit>
void Catalog::each_match(const Map& map, const std::vector<Wild>& wild, Visit visit) {
  constexpr size_t kFew = 4;
  PatternIndex<const Wild*> many;
  for (const Wild& each : wild) {
    if (each.matcher != nullptr) {
      each_match(map, each, each.matcher->prefix(), visit);
      each_match(map, each, std::string(kMercureRoot).append(each.matcher->prefix()), visit);
      continue;
    }
    if (wild.size() > kFew) {
      many[each.pattern] = &each;
      continue;
    }
    // Only names that start with the part before the first wildcard can match. "a/**" matches "a"
    // as well, so that the slash before the wildcard does not count.
    std::string_view start = each.pattern.substr(0, each.pattern.find('*'));
    if (start.ends_with('/')) {
      start.remove_suffix(1);
    }
    each_match(map, each, start, visit);
  }
  if (many.empty()) {
    return;
  }
  // One pass over all names for all patterns together.
  for (const auto& entry : map) {
    many.each_match(entry.first, [&](const Wild* each) { visit(entry, *each); });
  }
}

template <typename Map, typename Visit>
void Catalog::each_match(const Map& map, const Wild& wild, std::string_view start, Visit visit) {
  for (auto entry = map.lower_bound(start);
       entry != map.end() && std::string_view(entry->first).starts_with(start); ++entry) {
    if (wild.matcher != nullptr ? wild.matcher->matches(entry->first)
                                : topics::matches(wild.pattern, entry->first)) {
      visit(*entry, wild);
    }
  }
}

}  // namespace ringcast::topics
