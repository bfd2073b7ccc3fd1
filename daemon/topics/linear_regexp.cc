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
  for (size_t i = 0; i < step.at_least; ++i) {
    walk.pass_one(places, allowed);
  }
  if (!step.has_end) {
    walk.pass_any(places, allowed);
    return;
  }
  for (size_t i = step.at_least; i < step.at_most; ++i) {
    Places further = places;
    walk.pass_one(further, allowed);
    unite(places, further);
  }
}

}  // namespace ringcast::topics
