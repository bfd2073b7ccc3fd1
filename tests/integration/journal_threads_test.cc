#include <atomic>
#include <thread>

#include "integration/journal_house.h"

namespace ringcast::journal::journal_threads_test {
namespace {

constexpr int kReaders = 3;
constexpr int kGroups = 300;
constexpr int kGroupEvents = 20;

// Reads what was written so far again and again: it must come in order, and be whole.
void read_all(topics::Journal& journal, const std::atomic<uint64_t>& written,
              const std::atomic<bool>& is_done, std::atomic<uint64_t>& faults) {
  auto reader = journal.open_reader();
  if (!reader) {
    ++faults;
    return;
  }
  uint64_t after = 0;
  for (bool is_last = false; !is_last;) {
    is_last = is_done.load();
    auto page =
        (*reader)->read({.after = after, .up_to = written.load(), .topics = {.patterns = {"**"}}});
    if (!page || page->end < after) {
      ++faults;
      return;
    }
    uint64_t previous = after;
    for (const auto& event : page->events) {
      faults += event->seq() <= previous || event->data().size() != 200 ? 1 : 0;
      previous = event->seq();
    }
    after = page->end == written.load() ? 0 : page->end;
    const auto newest =
        (*reader)->find({.topics = {.patterns = {"t1"}}, .up_to = written.load(), .newest = 1});
    faults += newest ? 0 : 1;
  }
}

TEST_CASE("journal: many threads read while one writes and erases") {
  House house;
  house.options.sync = Sync::kOff;
  house.options.max_bytes = 4 << 20;
  house.open();
  std::atomic<uint64_t> written = 0;
  std::atomic<uint64_t> faults = 0;
  std::atomic<bool> is_done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] { read_all(*house.journal, written, is_done, faults); });
  }
  for (int group = 0; group < kGroups; ++group) {
    const auto usage = house.journal->usage();
    if (group > 100 || usage.used_bytes > usage.limit_bytes / 2) {
      house.trim(kGroupEvents);
    }
    for (int i = 0; i < kGroupEvents; ++i) {
      house.add({"t" + std::to_string(i % 3), "all"}, {.data = std::string(200, 'x')});
    }
    house.write();
    written = house.seq;
  }
  is_done = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
  CHECK(faults == 0);
  house.close();
}

}  // namespace
}  // namespace ringcast::journal::journal_threads_test
