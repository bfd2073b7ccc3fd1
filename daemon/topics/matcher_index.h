#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "topics/matcher.h"

namespace ringcast::topics {

// What PatternIndex is for native patterns: distinct matchers, and what each stands for. Those
// whose prefix a topic does not begin with are not looked at.
template <typename T>
class MatcherIndex {
 public:
  // The entry of a matcher, made when it is new; keeps its address.
  T& operator[](const MatcherRef& matcher) {
    std::unique_ptr<Entry>& entry = by_key_[matcher->key()];
    if (!entry) {
      entry = std::make_unique<Entry>(Entry{matcher, {}});
      Alike& alike = by_prefix_[std::string(matcher->prefix())];
      alike.entries.push_back(entry.get());
      alike.weight += matcher->weight();
      ++lengths_[matcher->prefix().size()];
    }
    return entry->value;
  }

  void erase(const Matcher& matcher) {
    const auto found = by_key_.find(matcher.key());
    const auto alike = by_prefix_.find(matcher.prefix());
    std::erase(alike->second.entries, found->second.get());
    alike->second.weight -= matcher.weight();
    if (alike->second.entries.empty()) {
      by_prefix_.erase(alike);
    }
    const auto length = lengths_.find(matcher.prefix().size());
    if (--length->second == 0) {
      lengths_.erase(length);
    }
    by_key_.erase(found);
  }

  // Calls visit(T&) for every matcher that matches the topic, each once.
  template <typename Visit>
  void each_match(std::string_view topic, Visit visit) const {
    const auto name = name_for_matchers(topic);
    if (!name) {
      return;
    }
    for (const auto& [length, count] : lengths_) {
      if (length > name->size()) {
        return;
      }
      const auto alike = by_prefix_.find(name->substr(0, length));
      if (alike == by_prefix_.end()) {
        continue;
      }
      for (Entry* entry : alike->second.entries) {
        if (entry->matcher->matches_name(*name)) {
          visit(entry->value);
        }
      }
    }
  }

  [[nodiscard]] bool contains(const Matcher& matcher) const {
    return by_key_.contains(matcher.key());
  }
  // What those weigh that begin with the same prefix: a new topic is compared with all of them.
  [[nodiscard]] size_t weight_alike(std::string_view prefix) const {
    const auto found = by_prefix_.find(prefix);
    return found == by_prefix_.end() ? 0 : found->second.weight;
  }

 private:
  struct Entry {
    MatcherRef matcher;
    T value;
  };
  struct Alike {
    std::vector<Entry*> entries;
    size_t weight = 0;
  };

  std::map<std::string, std::unique_ptr<Entry>, std::less<>> by_key_;
  std::map<std::string, Alike, std::less<>> by_prefix_;
  std::map<size_t, size_t> lengths_;  // Of the prefixes, and how many have it.
};

}  // namespace ringcast::topics
