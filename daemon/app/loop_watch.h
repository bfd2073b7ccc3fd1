#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringcast::app {

// Tells whether everything that must not stand still moves, for the watchdog of systemd: no clock
// and no thread of its own.
class LoopWatch {
 public:
  struct Watched {
    std::string name;
    // It has to move from one look to the next, or at least within this: a disk may be slow.
    int64_t patience_ms = 0;
  };

  LoopWatch(std::vector<Watched> watched, int64_t now_ms);

  // `turns` are counts, in the order of `watched`: each moves when its loop turns. The names of
  // those that stand still; none: the watchdog may be fed.
  std::vector<std::string> look(const std::vector<uint64_t>& turns, int64_t now_ms);

 private:
  struct Last {
    uint64_t turns = 0;
    int64_t moved_ms = 0;
  };
  std::vector<Watched> watched_;
  std::vector<Last> last_;
};

}  // namespace ringcast::app
