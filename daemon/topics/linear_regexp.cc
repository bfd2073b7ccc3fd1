#include "topics/linear_regexp.h"

namespace ringcast::topics {

void LinearRegexp::pass(TextWalk& walk, Places& places) const {
  const Places before = places;
  places = walk.nowhere();
  for (const std::vector<Step>& steps : alternatives_) {
    Places way = before;
    for (const Step& step : steps) {
      pass_step(step, walk, way);
    }
    unite(places, way);
  }
}

size_t LinearRegexp::effort() const {
  size_t effort = 0;
  for (const std::vector<Step>& steps : alternatives_) {
    for (const Step& step : steps) {
      if (!step.group.empty()) {
        effort += 2 * kPartEffort + step.group.front().effort();
        continue;
      }
      effort += step.set.size() == 1 ? kPartEffort - 1 : kSetEffort;
      if (step.at_most > 1) {
        effort += kSetEffort;  // See TextWalk::pass_up_to().
      }
    }
  }
  return effort;
}

void LinearRegexp::pass_step(const Step& step, TextWalk& walk, Places& places) {
  if (!step.group.empty()) {
    const Places without = places;
    step.group.front().pass(walk, places);
    if (step.at_least == 0) {
      unite(places, without);
    }
    return;
  }
  const Places& allowed = walk.before(step.set);
  walk.pass_times(places, allowed, step.at_least);
  if (step.has_end) {
    walk.pass_up_to(places, allowed, step.at_most - step.at_least);
  } else {
    walk.pass_any(places, allowed);
  }
}

}  // namespace ringcast::topics
