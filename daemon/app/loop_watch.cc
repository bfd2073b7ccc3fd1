#include "app/loop_watch.h"

#include <utility>

namespace ringcast::app {

LoopWatch::LoopWatch(std::vector<Watched> watched, int64_t now_ms)
    : watched_(std::move(watched)), last_(watched_.size(), {.turns = 0, .moved_ms = now_ms}) {}

std::vector<std::string> LoopWatch::look(const std::vector<uint64_t>& turns, int64_t now_ms) {
  std::vector<std::string> still;
  for (size_t i = 0; i < watched_.size(); ++i) {
    Last& last = last_[i];
    if (turns[i] != last.turns) {
      last = {.turns = turns[i], .moved_ms = now_ms};
    } else if (now_ms - last.moved_ms > watched_[i].patience_ms) {
      still.push_back(watched_[i].name);
    }
  }
  return still;
}

}  // namespace ringcast::app
