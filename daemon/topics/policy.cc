#include "topics/policy.h"

#include "topics/name.h"

namespace ringcast::topics {

const Policy& Policies::of(std::string_view topic) const {
  for (const auto& rule : rules) {
    if (matches(rule.match, topic)) {
      return rule.policy;
    }
  }
  return fallback;
}

}  // namespace ringcast::topics
