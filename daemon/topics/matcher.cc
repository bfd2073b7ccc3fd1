#include "topics/matcher.h"

#include <algorithm>
#include <set>
#include <utility>

#include "topics/name.h"

namespace ringcast::topics {

std::optional<std::string_view> name_for_matchers(std::string_view topic) {
  if (!is_reserved(topic)) {
    return topic;
  }
  if (topic.starts_with(kMercureRoot) && topic.substr(kMercureRoot.size()).starts_with('/')) {
    return topic.substr(kMercureRoot.size());
  }
  return std::nullopt;
}

Matcher::Matcher(std::string_view kind, std::string_view text, std::string_view prefix, Test test,
                 Cost cost)
    : key_(std::string(kind) + " " + std::string(text)),
      text_(text),
      prefix_(prefix),
      test_(std::move(test)),
      cost_(cost) {}

Selectors::Selectors(const std::vector<std::string>& names, std::vector<MatcherRef> matchers)
    : names_(names.begin(), names.end()), matchers_(std::move(matchers)) {
  std::set<std::string_view> sorted(names_.begin(), names_.end());
  for (const std::string_view name : sorted) {
    key_.append(std::to_string(name.size())).append(1, ':').append(name);
  }
  sorted.clear();
  for (const MatcherRef& matcher : matchers_) {
    sorted.insert(matcher->key());
  }
  for (const std::string_view key : sorted) {
    key_.append(std::to_string(key.size())).append(1, '~').append(key);
  }
  // Texts are in the key, of which there are three, in a name or matcher, and in its test.
  constexpr size_t kEntryCost = 256;
  memory_ = kEntryCost * (1 + names_.size() + matchers_.size()) + 5 * key_.size();
  for (const MatcherRef& matcher : matchers_) {
    memory_ += matcher->memory();
  }
}

bool Selectors::matches(std::string_view topic) const {
  const auto name = name_for_matchers(topic);
  return name && (names_.contains(std::string(*name)) ||
                  std::any_of(matchers_.begin(), matchers_.end(), [&](const MatcherRef& matcher) {
                    return matcher->matches_name(*name);
                  }));
}

bool Selectors::grants(const sse::Event& event) const {
  return std::any_of(event.topics().begin(), event.topics().end(),
                     [this](const std::string& topic) { return matches(topic); });
}

}  // namespace ringcast::topics
