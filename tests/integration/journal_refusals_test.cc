#include <sys/resource.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "integration/journal_house.h"
#include "journal/folder.h"
#include "journal/sqlite.h"

namespace ringcast::journal::journal_refusals_test {
namespace {

namespace fs = std::filesystem;
void run(const fs::path& path, const std::string& sql) {
  auto database = Database::open(path.string(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                 Closing::kCheckpoints);
  REQUIRE(database);
  CHECK(database->execute(sql));
}

// What open() says of the file, which it must leave as it is.
std::string refusal_of(const House& house) {
  const fs::path path = house.folder / kDatabaseFile;
  const std::string before = content(path);
  std::string detail = house.refusal();
  CHECK(content(path) == before);
  CHECK(contains(detail, path.string()));
  return detail;
}

TEST_CASE("journal: files that are no journal are refused and left alone") {
  House house;
  const fs::path path = house.folder / kDatabaseFile;
  overwrite(path, "");
  CHECK(contains(refusal_of(house), "is empty"));
  overwrite(path, "text");
  CHECK(contains(refusal_of(house), "is not a SQLite database"));
  overwrite(path, std::string(100'000, 'x'));
  CHECK(contains(refusal_of(house), "is not a SQLite database"));
  fs::remove(path);
  run(path, "CREATE TABLE other(a)");
  CHECK(contains(refusal_of(house), "is not a journal of ringcast"));
  fs::remove(path);
  fs::create_directory(path);
  CHECK(contains(house.refusal(), "is not a regular file"));
}

TEST_CASE("journal: a newer version's file is refused and left alone") {
  House house;
  house.open();
  house.publish("a");
  house.close();
  run(house.folder / kDatabaseFile, "PRAGMA user_version = 2");
  CHECK(contains(refusal_of(house),
                 "was written by a newer version of ringcast (schema 2, this "
                 "one knows 1)"));
}

TEST_CASE("journal: a damaged file is refused and left alone") {
  House house;
  house.open();
  for (int i = 0; i < 100; ++i) {
    house.add({"a"}, {.data = std::string(1000, 'x')});
  }
  house.write();
  house.close();
  const fs::path path = house.folder / kDatabaseFile;
  const std::string good = content(path);
  overwrite(path, good.substr(0, good.size() / 2));
  CHECK(contains(refusal_of(house), "damaged"));
  overwrite(path, good.substr(0, 4096) + std::string(good.size() - 4096, '\x5a'));
  CHECK(contains(refusal_of(house), "`ringcast journal check`"));
  overwrite(path, good);
  run(path, "DROP TABLE keys");
  CHECK(contains(refusal_of(house), "tables are missing"));
}

TEST_CASE("journal: a log without its database is not folded into a new one") {
  House house;
  overwrite(house.folder / "journal.db-wal", "frames");
  CHECK(contains(house.refusal(), "is missing"));
  CHECK_FALSE(fs::exists(house.folder / kDatabaseFile));
}

TEST_CASE("journal: without a directory there is none") {
  House house;
  house.options.path = (house.folder / "none").string();
  CHECK(contains(house.refusal(), "none: No such file or directory"));
  overwrite(house.folder / "none", "");
  CHECK(contains(house.refusal(), "is not a directory"));
}

TEST_CASE("journal: one that may not be written to is refused") {
  if (::geteuid() == 0) {
    return;  // Whom nothing is forbidden.
  }
  House house;
  house.open();
  house.close();
  fs::permissions(house.folder / kDatabaseFile, fs::perms::owner_read);
  CHECK(contains(house.refusal(), "Permission denied"));
  fs::permissions(house.folder.string(), fs::perms::owner_read | fs::perms::owner_exec);
  CHECK(contains(house.refusal(), "is not writable"));
  fs::permissions(house.folder.string(), fs::perms::owner_all);
}

TEST_CASE("journal: a second daemon is refused, and told who has it") {
  House house;
  house.open();
  const std::string expected = " is in use by another process (pid " + std::to_string(::getpid());
  CHECK(contains(house.refusal(Errc::kForbidden), expected));
  house.publish("a");
  house.close();
  house.open();
  CHECK(house.notes.empty());
}

TEST_CASE("journal: who looks whether it is in use keeps nobody from opening it") {
  const TemporaryFolder directory;
  const Folder folder(directory.string());
  CHECK_FALSE(folder.is_locked());
  std::atomic<bool> is_over = false;
  std::thread looking([&] {
    while (!is_over) {
      (void)folder.is_locked();
      std::this_thread::yield();
    }
  });
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    const auto lock = folder.take_lock();
    refused += lock ? 0 : 1;
    CHECK(folder.is_locked() == lock.has_value());
  }
  is_over = true;
  looking.join();
  CHECK(refused == 0);
}

TEST_CASE("journal: nothing is written to a file that was removed or replaced") {
  for (const char* name : {"journal.db", "journal.db-wal"}) {
    for (const bool is_replaced : {false, true}) {
      House house;
      house.open();
      house.publish("a");
      const fs::path path = house.folder / name;
      const std::string bytes = content(path);
      fs::rename(path, house.folder / "moved");
      if (is_replaced) {
        overwrite(path, bytes);
      }
      house.add({"a"}, {.data = "x"});
      const auto written = house.try_write();
      REQUIRE_FALSE(written);
      CHECK(written.error().code == Errc::kStorage);
      CHECK(contains(written.error().detail, "was removed or replaced while it was in use"));
      if (std::string(name) == "journal.db") {
        CHECK_FALSE(house.journal->open_reader());
      }
      fs::rename(house.folder / "moved", path);
      CHECK_FALSE(house.try_write());  // For good.
      CHECK_FALSE(house.journal->close());
    }
  }
}

// The process's files may not grow beyond the size, as if a disk failed there.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(uint64_t bytes) : before_(std::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &old_) == 0);
    rlimit limited = old_;
    limited.rlim_cur = bytes;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limited) == 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, before_);
  }

 private:
  rlimit old_{};
  void (*before_)(int);
};

TEST_CASE("journal: a group that cannot be written is not there, and the next one can be") {
  House house;
  house.open();
  house.publish("a");
  {
    const FileSizeLimit limit(fs::file_size(house.folder / "journal.db-wal") + 5000);
    for (int attempt = 0; attempt < 3; ++attempt) {
      house.add({"a"}, {.data = std::string(20'000, 'x')});
      const auto written = house.try_write();
      REQUIRE_FALSE(written);
      CHECK(written.error().code == Errc::kStorage);
      CHECK(contains(written.error().detail, "journal.db"));
    }
    CHECK(house.seqs() == std::vector<uint64_t>{1});
  }
  CHECK(house.publish("a") == 5);
  CHECK(house.seqs() == std::vector<uint64_t>{1, 5});
  house.crash();
  house.open();
  CHECK(house.seqs() == std::vector<uint64_t>{1, 5});
  CHECK(house.journal->start().epoch == "e1");
}

}  // namespace
}  // namespace ringcast::journal::journal_refusals_test
