#include "server/presence.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/random.h"
#include "server/own_events.h"
#include "sse/blocks.h"
#include "sse/position.h"
#include "topics/name.h"

namespace ringcast::server {

namespace {

// What the name of a topic may be: longer ones could not be subscribed to.
constexpr size_t kMostTopicBytes = 1024 - kPresencePrefix.size();

void append_member(std::string& json, std::string_view name, std::string_view value) {
  json.append(",\"").append(name).append("\":");
  json::append_string(json, value);
}

}  // namespace

std::vector<std::string> present_in(const std::vector<std::string>& subscription,
                                    const std::vector<std::string>& named) {
  std::vector<std::string> topics;
  if (named.empty()) {
    return topics;
  }
  std::copy_if(subscription.begin(), subscription.end(), std::back_inserter(topics),
               [&](const std::string& topic) {
                 return topic.size() <= kMostTopicBytes && !topics::has_wildcard(topic) &&
                        std::any_of(named.begin(), named.end(), [&](const std::string& pattern) {
                          return topics::matches(pattern, topic);
                        });
               });
  return topics;
}

Presence::Presence(Hub& hub) : hub_(hub), life_(sse::make_epoch(random_bits())) {}

std::unique_ptr<Stay> Presence::join(std::vector<std::string> topics, std::string_view who) {
  auto stay = std::make_unique<Stay>(Stay{.topics = std::move(topics), .who = std::string(who)});
  const std::lock_guard lock(mutex_);
  stay->stream = next_stream();
  for (const std::string& topic : stay->topics) {
    ++readers_[topic];
  }
  tell(*stay, "join", {});
  return stay;
}

void Presence::leave(const Stay& stay, std::string_view reason) {
  const std::lock_guard lock(mutex_);
  uncount(stay);
  tell(stay, "leave", reason);
}

void Presence::recount(std::unique_ptr<Stay>& stay, std::vector<std::string> topics,
                       std::string_view who) {
  if (!stay && topics.empty()) {
    return;
  }
  const std::lock_guard lock(mutex_);
  if (stay) {
    uncount(*stay);
  } else {
    stay = std::make_unique<Stay>(Stay{.stream = next_stream(), .who = std::string(who)});
  }
  for (const std::string& topic : topics) {
    ++readers_[topic];
  }
  stay->topics = std::move(topics);
}

std::string Presence::next_stream() {
  return life_ + "." + std::to_string(++last_stream_);
}

void Presence::uncount(const Stay& stay) {
  for (const std::string& topic : stay.topics) {
    if (const auto entry = readers_.find(topic); --entry->second == 0) {
      readers_.erase(entry);
    }
  }
}

// All of one stream's together, so that they are one group for their readers.
void Presence::tell(const Stay& stay, std::string_view event, std::string_view reason) {
  const std::string time = sse::format_time(hub_.clock().unix_ms());
  std::vector<Draft> drafts;
  for (const std::string& topic : stay.topics) {
    const auto entry = readers_.find(topic);
    std::string data = "{\"topic\":" + json::quoted(topic);
    append_member(data, "event", event);
    data += ",\"subscribers\":" + std::to_string(entry == readers_.end() ? 0 : entry->second);
    append_member(data, "stream", stay.stream);
    if (!stay.who.empty()) {
      append_member(data, "who", stay.who);
    }
    if (!reason.empty()) {
      append_member(data, "reason", reason);
    }
    append_member(data, "time", time);
    drafts.push_back(own_event(std::string(kPresencePrefix) + topic, event, data + "}"));
  }
  // Nobody who comes or goes waits for it, or is refused.
  const uint64_t count = drafts.size();
  publish_own(hub_, std::move(drafts), [&counts = counts_, count](bool is_stored) {
    (is_stored ? counts.events : counts.dropped) += count;
  });
}

}  // namespace ringcast::server
