#include <sys/wait.h>

#include "integration/journal_house.h"
#include "journal/mark.h"

namespace ringcast::journal::journal_opening_test {
namespace {

namespace fs = std::filesystem;
using Seqs = std::vector<uint64_t>;
using Holes = std::vector<std::pair<uint64_t, uint64_t>>;

constexpr uint64_t kStep = 1'000'000;  // The sequence is reserved by so much.

bool mentions(const std::vector<std::string>& notes, std::string_view text) {
  for (const std::string& note : notes) {
    if (note.find(text) != std::string::npos) {
      return true;
    }
  }
  return false;
}

// The contents of the database as they are now, also while it is open.
struct State {
  explicit State(const House& house)
      : database(content(house.folder / kDatabaseFile)),
        log(content(house.folder / "journal.db-wal")) {}
  // In place, as the file's inode is known; the log as well, if there is one.
  void restore(const House& house) const {
    overwrite(house.folder / kDatabaseFile, database);
    fs::remove(house.folder / "journal.db-shm");
    fs::remove(house.folder / "journal.db-wal");
    if (!log.empty()) {
      overwrite(house.folder / "journal.db-wal", log);
    }
  }
  std::string database;
  std::string log;
};

TEST_CASE("journal: a new one begins at 0 with the epoch that it is given") {
  House house;
  overwrite(house.folder / "journal.db.new", "a leftover");
  house.open();
  CHECK(house.notes.empty());
  CHECK(house.journal->start().epoch == "e1");
  CHECK(house.journal->start().last_seq == 0);
  CHECK(house.journal->start().holes.empty());
  CHECK(house.journal->start().last_time_ms == 0);
  CHECK_FALSE(fs::exists(house.folder / "journal.db.new"));
}

TEST_CASE("journal: after a clean end it goes on where it was, as often as one likes") {
  House house;
  for (uint64_t i = 1; i <= 3; ++i) {
    house.open();
    house.surroundings.fresh_epoch = "other";
    CHECK(house.notes.empty());
    CHECK(house.journal->start().epoch == "e1");
    CHECK(house.journal->start().last_seq == i - 1);
    CHECK(house.journal->start().events == i - 1);
    CHECK(house.publish("a") == i);
    house.close();
  }
}

TEST_CASE("journal: a killed process loses nothing that was written, and uses no seq again") {
  for (const Sync sync : {Sync::kAlways, Sync::kInterval, Sync::kOff}) {
    House house;
    house.options.sync = sync;
    const pid_t child = ::fork();
    if (child == 0) {
      house.open();
      for (int i = 0; i < 10; ++i) {
        house.publish("a");
      }
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    house.surroundings.fresh_epoch = "other";
    house.open();
    CHECK(house.journal->start().epoch == "e1");
    CHECK(house.journal->start().last_seq >= 10);
    CHECK(house.journal->start().holes.empty());
    CHECK(mentions(house.notes, "did not end cleanly: the sequence goes on above"));
    CHECK(house.seqs({.topics = {.patterns = {"a"}}}) == Seqs{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    const uint64_t next = house.publish("a");
    house.close();
    house.open();
    CHECK(house.notes.empty());
    CHECK(house.journal->start().last_seq == next);
  }
}

TEST_CASE("journal: a crash without events leaves a sequence that never goes back") {
  House house;
  house.open();
  house.crash();
  house.open();
  const uint64_t floor = house.journal->start().last_seq;
  CHECK(floor == kStep);
  house.close();
  house.open();
  CHECK(house.journal->start().last_seq == floor);
}

TEST_CASE("journal: the sequence is reserved ahead of what is written") {
  House house;
  house.options.sync = Sync::kInterval;
  house.open();
  house.seq = 3 * kStep;
  house.publish("a");
  house.seq = 5 * kStep;
  house.publish("a");
  house.crash();
  house.open();
  CHECK(house.journal->start().last_seq > 5 * kStep);
  CHECK(house.journal->start().epoch == "e1");
}

TEST_CASE("journal: seqs in use without being written do not come again, however it ends") {
  for (const bool is_clean : {true, false}) {
    CAPTURE(is_clean);
    House house;
    house.options.sync = Sync::kInterval;
    house.open();
    house.publish("a");
    const State before(house);
    REQUIRE(house.journal->reserve(7));  // The broker's own events alone: nothing is written.
    CHECK(State(house).log == before.log);
    is_clean ? house.close() : house.crash();
    house.open();
    CHECK(house.journal->start().epoch == "e1");
    CHECK(house.journal->start().last_seq >= 7);
    CHECK((!is_clean || house.journal->start().last_seq == 7));
    house.seq = 4 * kStep;
    REQUIRE(house.journal->reserve(house.seq));  // Beyond what was reserved.
    is_clean ? house.close() : house.crash();
    house.open();
    CHECK(house.journal->start().epoch == "e1");
    CHECK(house.journal->start().last_seq >= 4 * kStep);
    CHECK((!is_clean || house.journal->start().last_seq == 4 * kStep));
  }
}

TEST_CASE("journal: a copied directory is a copy, and the original is not") {
  House house;
  house.open();
  house.publish("a");
  house.close();
  House copy;
  for (const auto& file : fs::directory_iterator(house.folder.string())) {
    fs::copy(file.path(), copy.folder / file.path().filename().string());
  }
  copy.surroundings.fresh_epoch = "e2";
  copy.open();
  CHECK(mentions(copy.notes, "is a copy or was restored"));
  CHECK(copy.journal->start().epoch == "e2");
  CHECK(copy.journal->start().last_seq == 1);
  CHECK(copy.seqs() == Seqs{1});
  copy.close();
  copy.open();
  CHECK(copy.notes.empty());
  CHECK(copy.journal->start().epoch == "e2");
  house.open();
  CHECK(house.notes.empty());
}

TEST_CASE("journal: a missing or damaged mark means a copy") {
  House house;
  for (const bool is_missing : {true, false}) {
    CAPTURE(is_missing);
    house.open();
    house.publish("a");
    house.close();
    std::string bytes = content(house.folder / kMarkFile);
    CHECK(bytes.size() == 512);
    bytes[20] = static_cast<char>(bytes[20] ^ 1);
    is_missing ? void(fs::remove(house.folder / kMarkFile))
               : overwrite(house.folder / kMarkFile, bytes);
    house.surroundings.fresh_epoch = is_missing ? "e2" : "e3";
    house.open();
    CHECK(mentions(house.notes, "missing or damaged"));
    CHECK(house.journal->start().epoch == house.surroundings.fresh_epoch);
    house.close();
  }
}

TEST_CASE("journal: an older database under a newer mark is a restored one") {
  House house;
  house.open();
  house.publish("a");
  house.close();
  const State old(house);
  house.open();
  house.publish("a");
  house.publish("a");
  house.close();
  old.restore(house);
  house.surroundings.fresh_epoch = "e2";
  house.open();
  CHECK(mentions(house.notes, "is a copy or was restored"));
  CHECK(house.journal->start().epoch == "e2");
  CHECK(house.journal->start().last_seq >= 3);
}

TEST_CASE(
    "journal: an older state of the same life is a restored one unless power can explain it") {
  struct Case {
    Sync sync;
    std::string boot_id;
    bool is_loss;
  };
  for (const Case& one :
       {Case{Sync::kAlways, "boot-1", false}, Case{Sync::kAlways, "boot-2", false},
        Case{Sync::kInterval, "boot-1", false}, Case{Sync::kInterval, "boot-2", true},
        Case{Sync::kOff, "boot-2", true}}) {
    CAPTURE(static_cast<int>(one.sync));
    CAPTURE(one.boot_id);
    House house;
    house.options.sync = one.sync;
    house.open();
    house.publish("a");
    const State old(house);
    house.publish("a");
    house.publish("a");
    house.crash();
    old.restore(house);
    house.surroundings = {.fresh_epoch = "e2", .boot_id = one.boot_id};
    house.open();
    const auto& start = house.journal->start();
    CHECK(start.epoch == (one.is_loss ? "e1" : "e2"));
    CHECK(start.last_seq >= 3);
    CHECK(start.holes == (one.is_loss ? Holes{{1, start.last_seq}} : Holes{}));
    CHECK(mentions(house.notes, one.is_loss ? "are lost between 1 and" : "was restored"));
    CHECK(house.seqs() == Seqs{1});
    const Holes holes = start.holes;
    house.publish("a");
    house.close();
    house.open();
    CHECK(house.journal->start().holes == holes);  // For good.
    CHECK(house.notes.empty());
  }
}

TEST_CASE("journal: after a crash of the machine events may be lost unless each was synced") {
  for (const Sync sync : {Sync::kAlways, Sync::kInterval}) {
    House house;
    house.options.sync = sync;
    house.open();
    house.publish("a");
    house.crash();
    house.surroundings.boot_id = "boot-2";
    house.open();
    const auto& start = house.journal->start();
    CHECK(start.epoch == "e1");
    CHECK(start.holes == (sync == Sync::kAlways ? Holes{} : Holes{{1, start.last_seq}}));
    CHECK(mentions(house.notes, "may be lost") == (sync != Sync::kAlways));
  }
}

TEST_CASE("journal: what failed to be committed is not there after a crash that found it") {
  House house;
  house.open();
  for (int i = 0; i < 5; ++i) {
    house.publish("a");
  }
  house.changes.keys = {{.key = "k", .unix_ms = 70}, {.key = "l", .unix_ms = 60}};
  house.write();
  house.crash();
  // As a failed commit leaves it, whose frames were whole.
  const std::string path = (house.folder / kMarkFile).string();
  auto record = Mark::read(path);
  REQUIRE(record);
  CHECK(record->last == 5);
  record->refused_from = 4;
  record->refused_keys_ms = 70;
  auto mark = Mark::open(path);
  REQUIRE(mark);
  REQUIRE(mark->write(*record));
  house.open();
  CHECK(house.seqs() == Seqs{1, 2, 3});
  auto stored = house.journal->topics(0, 10);
  REQUIRE(stored);
  CHECK(stored->front().events == 3);
  auto keys = house.journal->keys();
  REQUIRE(keys);
  REQUIRE(keys->size() == 1);
  CHECK(keys->front().key == "l");
  CHECK(Mark::read(path)->refused_from == 0);
}

TEST_CASE("journal: what may be lost is told until it is synced") {
  for (const Sync sync : {Sync::kAlways, Sync::kInterval, Sync::kOff}) {
    House house;
    house.options.sync = sync;
    house.open();
    CHECK_FALSE(house.journal->is_unsynced());
    house.publish("a");
    CHECK(house.journal->is_unsynced() == (sync == Sync::kInterval));
    CHECK(house.journal->sync());
    CHECK_FALSE(house.journal->is_unsynced());
  }
}

}  // namespace
}  // namespace ringcast::journal::journal_opening_test
