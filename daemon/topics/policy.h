#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringcast::topics {

// What happens to a live reader that the ring has lapped.
enum class Lagged { kSkip, kDisconnect };

// What the journal keeps of a topic, where there is a journal. 0: no bound.
struct Retain {
  uint64_t events = 0;
  uint64_t bytes = 0;  // Of the wire blocks.
  int64_t age_ms = 604'800'000;
  bool operator==(const Retain&) const = default;
};

// What a topic keeps for latecomers, and how it treats laggards.
struct Policy {
  uint64_t events = 1000;  // 0: live only.
  uint64_t bytes = 1 << 20;
  int64_t age_ms = 3'600'000;  // 0: no bound by age.
  uint64_t keep = 0;           // So many newest are never evicted by age.
  int64_t grace_ms = 2000;     // Younger events stay while the memory allows.
  Lagged lagged = Lagged::kSkip;
  Retain retain;
  bool operator==(const Policy&) const = default;
};

struct PolicyRule {
  std::string match;  // A topic pattern.
  Policy policy;
  bool operator==(const PolicyRule&) const = default;
};

// The policy of each topic: the first rule that matches, else the default.
struct Policies {
  Policy fallback;
  std::vector<PolicyRule> rules;

  // The index of the topic's rule; rules.size() where none matches.
  [[nodiscard]] size_t rule_of(std::string_view topic) const;
  [[nodiscard]] const Policy& at(size_t rule) const {
    return rule < rules.size() ? rules[rule].policy : fallback;
  }
  [[nodiscard]] const Policy& of(std::string_view topic) const { return at(rule_of(topic)); }
  bool operator==(const Policies&) const = default;
};

}  // namespace ringcast::topics
