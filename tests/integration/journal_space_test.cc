#include <algorithm>
#include <fstream>
#include <string>

#include "integration/journal_house.h"
#include "journal/sqlite.h"

namespace ringcast::journal::journal_space_test {
namespace {

constexpr uint64_t kMaxBytes = 8ULL << 20;

struct BoundedHouse : House {
  explicit BoundedHouse(uint64_t max_bytes = kMaxBytes) {
    options.sync = Sync::kOff;
    options.max_bytes = max_bytes;
    open();
  }
};

// By this process, to files.
uint64_t written_so_far() {
  std::ifstream file("/proc/self/io");
  std::string name;
  uint64_t bytes = 0;
  while (file >> name >> bytes && name != "wchar:") {
  }
  return bytes;
}

void add_events(House& house, int count, size_t bytes) {
  for (int i = 0; i < count; ++i) {
    house.add({"t" + std::to_string(i % 5)}, {.data = std::string(bytes, 'x')});
  }
}

// As the hub does: makes room before the limit is reached.
void write_and_trim(House& house) {
  const auto usage = house.journal->usage();
  if (usage.used_bytes > usage.limit_bytes / 10 * 9) {
    house.trim(200);
  }
  add_events(house, 100, 500);
  house.write();
}

TEST_CASE("journal: its files stay within their bounds, however much goes through them") {
  BoundedHouse house;
  uint64_t highest = 0;
  for (int i = 0; i < 1400; ++i) {  // Ten times the bound.
    write_and_trim(house);
    const auto usage = house.journal->usage();
    highest = std::max(highest, usage.disk_bytes);
    CHECK(usage.used_bytes <= usage.limit_bytes);
  }
  CHECK(highest <= kMaxBytes + kMaxBytes / 10);
  CHECK(highest >= kMaxBytes / 2);
}

TEST_CASE("journal: readers that follow each other closely do not let it outgrow its bounds") {
  BoundedHouse house;
  auto reader = house.journal->open_reader();
  REQUIRE(reader);
  for (int i = 0; i < 700; ++i) {
    write_and_trim(house);
    REQUIRE((*reader)->read({.up_to = house.seq, .topics = {.patterns = {"**"}}}));
    CHECK(house.journal->usage().disk_bytes <= kMaxBytes + kMaxBytes / 10);
  }
}

TEST_CASE("journal: without trimming it is full, says which key it is, and has room again later") {
  BoundedHouse house;
  Status written = Ok{};
  for (int i = 0; i < 1000 && written; ++i) {
    add_events(house, 100, 500);
    written = house.try_write();
    CHECK(house.journal->usage().disk_bytes <= kMaxBytes + kMaxBytes / 10);
  }
  REQUIRE_FALSE(written);
  CHECK(written.error().code == Errc::kStorageFull);
  CHECK(contains(written.error().detail, "journal.retain.bytes"));
  const size_t count = house
                           .seqs({.topics = {.patterns = {"**"}},
                                  .bytes = 1 << 30,
                                  .events = 1 << 30,
                                  .looked_at = 1 << 30})
                           .size();
  CHECK(count == (house.seq / 100 - 1) * 100);
  house.trim(500);
  house.write();
  add_events(house, 100, 500);
  house.write();
}

TEST_CASE("journal: lowering its bound shrinks the files, raising it makes room") {
  BoundedHouse house(2 * kMaxBytes);
  for (int i = 0; i < 400; ++i) {
    write_and_trim(house);
  }
  const auto before = house.journal->usage();
  CHECK(before.disk_bytes > kMaxBytes);
  house.journal->set_max_bytes(kMaxBytes);
  CHECK(house.journal->usage().limit_bytes < before.limit_bytes);
  for (int i = 0; i < 400 && house.journal->usage().disk_bytes > kMaxBytes; ++i) {
    const auto usage = house.journal->usage();
    if (usage.used_bytes > usage.limit_bytes / 10 * 9) {
      house.trim(200);
    }
    add_events(house, 1, 500);
    house.write();
  }
  CHECK(house.journal->usage().disk_bytes <= kMaxBytes);
  for (int i = 0; i < 300; ++i) {
    write_and_trim(house);
    CHECK(house.journal->usage().disk_bytes <= kMaxBytes + kMaxBytes / 10);
  }
  house.journal->set_max_bytes(2 * kMaxBytes);
  CHECK(house.journal->usage().limit_bytes == before.limit_bytes);
  for (int i = 0; i < 200; ++i) {
    write_and_trim(house);
  }
  CHECK(house.journal->usage().used_bytes > kMaxBytes);
}

TEST_CASE("journal: with nothing to write its files shrink, too, but for what is needed next") {
  BoundedHouse house(4 * kMaxBytes);
  add_events(house, 400, 64'000);
  house.write();
  CHECK_FALSE(*house.journal->shrink());  // Not larger than it may be.
  house.journal->set_max_bytes(kMaxBytes);
  CHECK_FALSE(*house.journal->shrink());  // Nothing is unused.
  const uint64_t used = house.journal->usage().used_bytes;
  house.trim(350);
  house.changes.spare_bytes = used;
  house.write();
  CHECK(house.journal->usage().room_bytes > used / 10 * 8);
  CHECK(house.journal->usage().disk_bytes > used);
  uint64_t before = UINT64_MAX;
  while (*house.journal->shrink()) {
    const uint64_t now = house.journal->usage().used_bytes + house.journal->usage().room_bytes;
    CHECK(now < before);
    before = now;
  }
  CHECK(house.journal->usage().disk_bytes <= kMaxBytes);
  CHECK(house.seqs({.topics = {.patterns = {"**"}}, .bytes = 1 << 30}).size() == 50);
}

TEST_CASE("journal: what leaves is not written once more") {
  BoundedHouse house(4 * kMaxBytes);
  add_events(house, 200, 64'000);
  house.write();
  const uint64_t used = house.journal->usage().used_bytes;
  const uint64_t written = written_so_far();
  REQUIRE(written > 200 * 64'000);
  house.trim(150);
  house.write();
  CHECK(house.journal->usage().used_bytes + 9'000'000 < used);
  CHECK(written_so_far() < written + 1'000'000);
}

TEST_CASE("journal: another process that reads for long makes it full in the end, not bigger") {
  BoundedHouse house;
  house.publish("t0");
  auto other = Database::open((house.folder / kDatabaseFile).string(), SQLITE_OPEN_READWRITE,
                              Closing::kLeavesFilesAlone);
  REQUIRE(other);
  REQUIRE(other->execute("BEGIN; SELECT * FROM events"));
  Status written = Ok{};
  for (int i = 0; i < 1000 && written; ++i) {
    const auto usage = house.journal->usage();
    if (usage.used_bytes > usage.limit_bytes / 10 * 9) {
      house.trim(200);
    }
    add_events(house, 100, 500);
    written = house.try_write();
    CHECK(house.journal->usage().disk_bytes <= kMaxBytes / 10 * 12);
  }
  REQUIRE_FALSE(written);
  CHECK(written.error().code == Errc::kStorageFull);
  CHECK(contains(written.error().detail, "another process"));
  REQUIRE(other->close());
  for (int i = 0; i < 100; ++i) {
    write_and_trim(house);
  }
  CHECK(house.journal->usage().disk_bytes <= kMaxBytes + kMaxBytes / 10);
}

}  // namespace
}  // namespace ringcast::journal::journal_space_test
