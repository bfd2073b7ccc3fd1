#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "sse/event.h"

namespace ringcast::topics {

// Topics of the broker that subscribers by matcher know without this: "$mercure/a" is "/a" to them.
inline constexpr std::string_view kMercureRoot = "$mercure";

// What a topic is called where matchers look at it; nothing for those of the broker that are not
// for them.
[[nodiscard]] std::optional<std::string_view> name_for_matchers(std::string_view topic);

// A way to name topics other than a native pattern: a URI template, a URL pattern, or all there
// are. Compiled once; immutable and thread-safe.
class Matcher {
 public:
  using Test = std::function<bool(std::string_view name)>;

  // What a test costs. `effort`: how long it takes with a topic of 1 KiB that was made for it, in
  // fifths of a microsecond or so; others take a tenth of that.
  struct Cost {
    size_t memory = 0;  // Bytes.
    size_t effort = 0;
  };

  // `text`: as it was written; with `kind` it tells matchers apart. `prefix`: how every name begins
  // that passes the test.
  Matcher(std::string_view kind, std::string_view text, std::string_view prefix, Test test,
          Cost cost);

  [[nodiscard]] bool matches(std::string_view topic) const {
    const auto name = name_for_matchers(topic);
    return name && matches_name(*name);
  }
  // By what name_for_matchers() gave.
  [[nodiscard]] bool matches_name(std::string_view name) const {
    return name.starts_with(prefix_) && test_(name);
  }
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  [[nodiscard]] std::string_view prefix() const noexcept { return prefix_; }
  [[nodiscard]] size_t memory() const noexcept { return cost_.memory; }
  // What counts where matchers are bounded: one for a usual one, and for a slow one several, more
  // than it takes as long, as few need so many of them.
  [[nodiscard]] size_t weight() const noexcept {
    return cost_.effort < kUsualEffort ? 1 : cost_.effort / kSlowEffort;
  }

 private:
  static constexpr size_t kUsualEffort = 40;
  static constexpr size_t kSlowEffort = 8;

  std::string key_;
  std::string text_;
  std::string prefix_;
  Test test_;
  Cost cost_;
};
using MatcherRef = std::shared_ptr<const Matcher>;

// Topics by name and by matcher: what a Mercure token grants. Immutable.
class Selectors {
 public:
  // `names`: as matchers see them.
  Selectors(const std::vector<std::string>& names, std::vector<MatcherRef> matchers);

  [[nodiscard]] bool matches(std::string_view topic) const;
  // Any of the event's topics.
  [[nodiscard]] bool grants(const sse::Event& event) const;
  // The same for those that select the same.
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  // What they cost, in bytes.
  [[nodiscard]] size_t memory() const noexcept { return memory_; }

 private:
  std::unordered_set<std::string> names_;
  std::vector<MatcherRef> matchers_;
  std::string key_;
  size_t memory_ = 0;
};
using SelectorsRef = std::shared_ptr<const Selectors>;

}  // namespace ringcast::topics
