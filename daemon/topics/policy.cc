#include "topics/policy.h"

#include "topics/name.h"

namespace ringcast::topics {

size_t Policies::rule_of(std::string_view topic) const {
  size_t rule = 0;
  while (rule < rules.size() && !matches(rules[rule].match, topic)) {
    ++rule;
  }
  return rule;
}

}  // namespace ringcast::topics
