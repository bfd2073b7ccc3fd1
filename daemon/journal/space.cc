#include "journal/space.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace ringcast::journal {

namespace {

constexpr uint64_t kMinLogBytes = 1ULL << 20;
constexpr uint64_t kMaxLogBytes = 16ULL << 20;
constexpr uint64_t kSmallFiles = 256ULL << 10;  // journal.db-shm, the mark, the lock.
constexpr uint64_t kMinLimitBytes = 1ULL << 20;
// Given back by a write, beside what became unused with it: none shall take long.
constexpr uint64_t kShrinkPages = 64;
constexpr uint64_t kShrinkPagesAlone = 256;  // By a transaction that only gives back.
constexpr uint64_t kMostShrinkPages = 1024;
constexpr int kFoldTimeoutMs = 20;  // Readers hold the log for the length of a page.

Failure held_up() {
  return fail(Errc::kStorageFull,
              "journal.retain.bytes: another process that reads journal.db keeps journal.db-wal "
              "from being folded back, and the files have outgrown their bounds");
}

}  // namespace

Bounds share_out(uint64_t max_bytes) {
  Bounds bounds{.max_bytes = max_bytes};
  bounds.log_bytes = std::clamp(max_bytes / 16, kMinLogBytes, kMaxLogBytes);
  const uint64_t others = 2 * bounds.log_bytes + kSmallFiles;
  bounds.limit_bytes = std::max(max_bytes > others ? max_bytes - others : 0, kMinLimitBytes);
  bounds.max_pages = (bounds.limit_bytes + bounds.limit_bytes / 100 * 3) / 4096;
  return bounds;
}

Space::~Space() {
  sqlite3_wal_hook(database_.handle(), nullptr, nullptr);
}

Status Space::start(uint64_t max_bytes) {
  if (auto prepared = database_.prepare_all(
          {{&page_count_, "PRAGMA page_count"}, {&free_count_, "PRAGMA freelist_count"}});
      !prepared) {
    return prepared;
  }
  sqlite3_wal_hook(database_.handle(), &Space::on_commit, this);
  set_max_bytes(max_bytes);
  return settle(0);
}

void Space::set_max_bytes(uint64_t bytes) {
  bounds_ = share_out(bytes);
  next_fold_at_ = bounds_.log_bytes;
  (void)database_.execute("PRAGMA journal_size_limit=" + std::to_string(bounds_.log_bytes));
  restrict_file();
}

// SQLite never sets it below what the file has, so this is done again while the file shrinks.
void Space::restrict_file() {
  (void)database_.execute("PRAGMA max_page_count=" + std::to_string(bounds_.max_pages));
}

Status Space::check() {
  const auto is_over = [this] {
    return unfolded_ > 0 && log_bytes() > 2 * bounds_.log_bytes &&
           size_of(folder_.database()) + log_bytes() > bounds_.max_bytes + bounds_.max_bytes / 10;
  };
  if (is_over()) {
    // Our own readers have been in the way, for they took turns without a break or had no time.
    const ReaderGate::Closed closed(gate_);
    fold_with(SQLITE_CHECKPOINT_RESTART);
    if (is_over()) {
      return (fold_code_ & 0xff) == SQLITE_FULL ? full(ENOSPC) : held_up();
    }
  }
  return Ok{};
}

Status Space::settle(uint64_t spare_bytes) {
  const uint64_t unused_before = free_pages_;
  if (auto counted = count(); !counted) {
    return counted;
  }
  const uint64_t become_unused = free_pages_ - std::min(unused_before, free_pages_);
  const uint64_t spare = std::min(spare_bytes / kPageBytes, free_pages_);
  return give_back(std::min({free_pages_ - spare, kShrinkPages + become_unused, kMostShrinkPages}));
}

// What was given back is only so when the log is folded.
bool Space::can_shrink() const {
  return pages_ > bounds_.max_pages ? free_pages_ > 0 : wants_fold_;
}

Status Space::shrink() {
  return give_back(std::min(free_pages_, kShrinkPagesAlone));
}

Status Space::count() {
  for (auto [statement, pages] :
       {std::pair{&page_count_, &pages_}, std::pair{&free_count_, &free_pages_}}) {
    Rows rows(*statement);
    if (!rows.next()) {
      return database_.failure(rows.code());
    }
    *pages = statement->number(0);
  }
  return Ok{};
}

Status Space::give_back(uint64_t pages) {
  if (pages == 0 || pages_ <= bounds_.max_pages) {
    return Ok{};
  }
  pages = std::min(pages, pages_ - bounds_.max_pages);
  if (auto shrunk = database_.execute("PRAGMA incremental_vacuum(" + std::to_string(pages) + ")");
      !shrunk) {
    return shrunk;
  }
  restrict_file();
  wants_fold_ = true;
  return count();
}

void Space::fold() {
  if (log_bytes() > bounds_.log_bytes / 2 * 3 && log_bytes() > next_fold_at_) {
    // Readers that follow each other closely never leave the log alone; this waits for them.
    sqlite3_busy_timeout(database_.handle(), kFoldTimeoutMs);
    fold_with(SQLITE_CHECKPOINT_RESTART);
    sqlite3_busy_timeout(database_.handle(), kBusyTimeoutMs);
  } else if (log_bytes() > next_fold_at_ || (wants_fold_ && pages_ <= bounds_.max_pages)) {
    fold_with(SQLITE_CHECKPOINT_PASSIVE);
  }
}

void Space::fold_with(int mode) {
  int frames = -1;
  int folded = -1;
  const int code = sqlite3_wal_checkpoint_v2(database_.handle(), "main", mode, &frames, &folded);
  fold_code_ = code;
  if (frames >= 0 && folded >= 0) {
    unfolded_ = static_cast<uint64_t>(std::max(frames - folded, 0));
  } else if (code != SQLITE_OK) {
    unfolded_ = frames_;
  }
  wants_fold_ = wants_fold_ && (code != SQLITE_OK || unfolded_ != 0);
  next_fold_at_ = std::max(log_bytes() + bounds_.log_bytes / 4, bounds_.log_bytes);
}

int Space::on_commit(void* self, sqlite3* /*handle*/, const char* /*name*/, int frames) {
  auto& space = *static_cast<Space*>(self);
  const auto now = static_cast<uint64_t>(frames);
  if (now < space.frames_) {  // The log began anew.
    space.unfolded_ = 0;
    space.next_fold_at_ = space.bounds_.log_bytes;
  }
  space.frames_ = now;
  return SQLITE_OK;
}

topics::JournalUsage Space::usage() const {
  return {.used_bytes = (pages_ - free_pages_) * kPageBytes,
          .limit_bytes = bounds_.limit_bytes,
          .disk_bytes = folder_.disk_bytes(),
          .room_bytes =
              (free_pages_ + bounds_.max_pages - std::min(pages_, bounds_.max_pages)) * kPageBytes};
}

Failure Space::full(int system_error) const {
  if (system_error == ENOSPC || system_error == EDQUOT) {
    return fail(Errc::kStorageFull, "the disk of the journal is full");
  }
  return fail(Errc::kStorageFull, "journal.retain.bytes: the journal takes all that it may, " +
                                      std::to_string(bounds_.max_bytes) + " bytes");
}

}  // namespace ringcast::journal
