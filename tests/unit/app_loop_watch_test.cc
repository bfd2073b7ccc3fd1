#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "app/loop_watch.h"

namespace ringcast::app::app_loop_watch_test {
namespace {

using Names = std::vector<std::string>;

TEST_CASE("app: while all loops turn nothing stands still") {
  LoopWatch watch({{.name = "a"}, {.name = "b"}}, 0);
  CHECK(watch.look({1, 7}, 1000).empty());
  CHECK(watch.look({2, 8}, 2000).empty());
}

TEST_CASE("app: one loop that does not turn between two looks is named, until it turns") {
  LoopWatch watch({{.name = "a"}, {.name = "b"}}, 0);
  CHECK(watch.look({1, 1}, 1000).empty());
  CHECK(watch.look({2, 1}, 2000) == Names{"b"});
  CHECK(watch.look({3, 1}, 3000) == Names{"b"});
  CHECK(watch.look({4, 2}, 4000).empty());
}

TEST_CASE("app: a loop that never began to turn is named at once") {
  LoopWatch watch({{.name = "a"}}, 0);
  CHECK(watch.look({0}, 1) == Names{"a"});
}

TEST_CASE("app: what may be slow is named when its patience is over") {
  LoopWatch watch({{.name = "disk", .patience_ms = 5000}}, 0);
  CHECK(watch.look({0}, 5000).empty());
  CHECK(watch.look({0}, 5001) == Names{"disk"});
  CHECK(watch.look({1}, 6000).empty());
  CHECK(watch.look({1}, 11'000).empty());
  CHECK(watch.look({1}, 11'001) == Names{"disk"});
}

}  // namespace
}  // namespace ringcast::app::app_loop_watch_test
