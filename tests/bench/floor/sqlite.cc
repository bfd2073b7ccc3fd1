// The limit of a journal: bare SQLite that writes the rows of events, so many in a transaction,
// each synced. Prints what it measured as JSON.
#include <CLI/CLI.hpp>
#include <sqlite3.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "core/histogram.h"
#include "core/payload.h"

namespace {

using ringcast::bench::Histogram;

constexpr uint64_t kSecond = 1'000'000'000;
// The tables that a publish touches, with the names of daemon/journal/schema.h.
constexpr const char* kSchema =
    "CREATE TABLE events(seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, topic INTEGER NOT NULL,"
    " topics TEXT, id TEXT, block BLOB NOT NULL);"
    "CREATE INDEX events_by_id ON events(id, seq) WHERE id IS NOT NULL;"
    "CREATE TABLE entries(topic INTEGER NOT NULL, seq INTEGER NOT NULL, nth INTEGER NOT NULL,"
    " bytes_through INTEGER NOT NULL, PRIMARY KEY(topic, seq)) WITHOUT ROWID;";
// As the daemon has it, but for when the log is folded: SQLite does that by itself here, after as
// many pages as the daemon's 16 MiB.
constexpr const char* kPragmas =
    "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "PRAGMA wal_autocheckpoint=4096; PRAGMA cache_size=-8192; PRAGMA temp_store=MEMORY;";

struct Settings {
  std::string folder = ".";
  uint32_t group = 1;
  size_t payload = 200;
  double seconds = 2;
  double warm_up = 0.5;
};

uint64_t now_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * kSecond + static_cast<uint64_t>(now.tv_nsec);
}

uint64_t kernel_ns() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<uint64_t>(used.ru_stime.tv_sec) * kSecond +
         static_cast<uint64_t>(used.ru_stime.tv_usec) * 1000;
}

class Writer {
 public:
  explicit Writer(const Settings& settings) : settings_(settings) {
    const std::string path = settings.folder + "/bare.db";
    check(sqlite3_open(path.c_str(), &database_));
    run(kPragmas);
    run(kSchema);
    put_event_ = prepare("INSERT INTO events VALUES(?, ?, ?, ?, ?, ?)");
    put_entry_ = prepare("INSERT INTO entries VALUES(?, ?, ?, ?)");
    begin_ = prepare("BEGIN IMMEDIATE");
    commit_ = prepare("COMMIT");
    block_ = "data: ";
    ringcast::bench::append_payload(block_, {}, settings.payload);
    block_ += "\n\n";
  }

  void write_group() {
    step(begin_);
    for (uint32_t count = 0; count < settings_.group; ++count) {
      ++seq_;
      sqlite3_bind_int64(put_event_, 1, seq_);
      sqlite3_bind_int64(put_event_, 2, 1'700'000'000'000 + seq_);
      sqlite3_bind_int64(put_event_, 3, 1);
      sqlite3_bind_null(put_event_, 4);
      sqlite3_bind_null(put_event_, 5);
      sqlite3_bind_blob(put_event_, 6, block_.data(), static_cast<int>(block_.size()),
                        SQLITE_STATIC);
      step(put_event_);
      sqlite3_bind_int64(put_entry_, 1, 1);
      sqlite3_bind_int64(put_entry_, 2, seq_);
      sqlite3_bind_int64(put_entry_, 3, seq_);
      sqlite3_bind_int64(put_entry_, 4, seq_ * static_cast<int64_t>(block_.size()));
      step(put_entry_);
    }
    step(commit_);
  }

  [[nodiscard]] int64_t written() const noexcept { return seq_; }

 private:
  void check(int code) const {
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) {
      std::fprintf(stderr, "bench_sqlite: %s\n", sqlite3_errmsg(database_));
      std::exit(1);
    }
  }

  void run(const char* sql) { check(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr)); }

  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* made = nullptr;
    check(sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr));
    return made;
  }

  void step(sqlite3_stmt* statement) {
    check(sqlite3_step(statement));
    sqlite3_reset(statement);
  }

  const Settings settings_;
  sqlite3* database_ = nullptr;  // Open until the program ends.
  sqlite3_stmt* put_event_ = nullptr;
  sqlite3_stmt* put_entry_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
  std::string block_;
  int64_t seq_ = 0;
};

void write_for(Writer& writer, double seconds, Histogram& transactions) {
  const uint64_t end = now_ns(CLOCK_MONOTONIC) + static_cast<uint64_t>(seconds * kSecond);
  for (uint64_t now = now_ns(CLOCK_MONOTONIC); now < end;) {
    writer.write_group();
    const uint64_t then = now_ns(CLOCK_MONOTONIC);
    transactions.record(then - now);
    now = then;
  }
}

void measure(const Settings& settings) {
  Writer writer(settings);
  Histogram transactions;
  write_for(writer, settings.warm_up, transactions);
  transactions.clear();
  const int64_t before = writer.written();
  const uint64_t cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
  const uint64_t kernel = kernel_ns();
  const uint64_t begun = now_ns(CLOCK_MONOTONIC);
  write_for(writer, settings.seconds, transactions);
  const double wall = static_cast<double>(now_ns(CLOCK_MONOTONIC) - begun) / kSecond;
  const double used = static_cast<double>(now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu) / kSecond;
  const double share = static_cast<double>(kernel_ns() - kernel) / kSecond / used;
  const auto written = static_cast<double>(writer.written() - before);
  const auto us = [&](double part) { return static_cast<double>(transactions.at(part)) / 1e3; };
  std::printf(
      "{\"published\": %.0f, \"wall_s\": %.6g, \"server_cpu_s\": %.6g, "
      "\"server_kernel_share\": %.4g, \"published_per_s\": %.6g, \"published_per_cpu_s\": %.6g, "
      "\"transactions\": %llu, \"latency_us\": {\"p50\": %.6g, \"p99\": %.6g, \"max\": %.6g}, "
      "\"clean\": true}\n",
      written, wall, used, share, written / wall, written / used,
      static_cast<unsigned long long>(transactions.total()), us(0.5), us(0.99), us(1));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Writes rows of events with SQLite for a while, as fast as it goes.");
  Settings settings;
  app.add_option("--folder", settings.folder, "An empty directory on the disk to measure");
  app.add_option("--group", settings.group, "Events in one transaction")->capture_default_str();
  app.add_option("--payload", settings.payload, "Bytes of an event's data")->capture_default_str();
  app.add_option("--seconds", settings.seconds)->capture_default_str();
  app.add_option("--warm-up", settings.warm_up, "Seconds before")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  measure(settings);
  return 0;
}
