#include <algorithm>

#include "topics/reader.h"

namespace ringcast::topics {

namespace {

void cut(Slice& slice, uint64_t end) {
  const auto beyond = std::find_if(slice.events.begin(), slice.events.end(),
                                   [end](const EventRef& event) { return event->seq() > end; });
  slice.events.erase(beyond, slice.events.end());
  slice.end = end;
  slice.resumed = slice.events.empty() ? end : slice.resumed;
}

}  // namespace

void mind_holes(const Holes& holes, Reader reader, Slice& slice) {
  if (reader.skips_holes) {
    return;
  }
  auto hole = std::find_if(holes.begin(), holes.end(),
                           [&](const auto& each) { return each.second > reader.cursor; });
  if (hole != holes.end() && hole->first <= reader.cursor && slice.end > reader.cursor) {
    slice.loss = slice.loss.value_or(Loss{});
    slice.loss->by_crash = true;
    slice.loss->missed.reset();
    slice.end = std::max(slice.end, hole->second);
    slice.resumed = std::max(slice.resumed, hole->second);
    ++hole;
  }
  if (hole != holes.end() && hole->first < slice.end) {
    cut(slice, hole->first);
  }
}

}  // namespace ringcast::topics
