#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "journal/reader_gate.h"

namespace ringcast::journal::journal_reader_gate_test {
namespace {

TEST_CASE("journal: the writer has the log for itself while readers wait, and none is inside") {
  ReaderGate gate;
  std::atomic<int> inside = 0;
  std::atomic<int> visits = 0;
  std::atomic<bool> is_done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!is_done) {
        const ReaderGate::Visit visit(gate);
        ++inside;
        ++visits;
        std::this_thread::yield();
        --inside;
      }
    });
  }
  for (int turn = 0; turn < 1000; ++turn) {
    int before = visits;
    while (visits == before) {  // Readers get in between.
      std::this_thread::yield();
    }
    const ReaderGate::Closed closed(gate);
    before = visits;
    REQUIRE(inside == 0);
    std::this_thread::yield();
    REQUIRE(visits == before);
  }
  is_done = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
}

}  // namespace
}  // namespace ringcast::journal::journal_reader_gate_test
