#include "journal/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "journal/schema.h"

namespace ringcast::journal {

namespace {

constexpr int kLockAttempts = 10;
constexpr useconds_t kLockPauseUs = 10'000;

std::string inside(const std::string& folder, std::string_view name) {
  return folder + (folder.ends_with('/') ? "" : "/") + std::string(name);
}

// Who holds the lock wrote its number into the file.
std::string holder_of(int descriptor) {
  std::array<char, 24> text{};
  const ssize_t got = ::pread(descriptor, text.data(), text.size(), 0);
  const auto pid = trim({text.data(), static_cast<size_t>(got < 0 ? 0 : got)});
  const auto line = pid.substr(0, pid.find('\n'));
  return parse_uint(line) ? " (pid " + std::string(line) + ")" : std::string();
}

}  // namespace

std::string Folder::database() const {
  return inside(path_, kDatabaseFile);
}

std::string Folder::mark() const {
  return inside(path_, kMarkFile);
}

std::string Folder::lock() const {
  return inside(path_, kLockFile);
}

Status Folder::make_when_missing() const {
  struct stat found {};
  const bool is_missing = ::stat(path_.c_str(), &found) != 0 && errno == ENOENT;
  if (is_missing && ::mkdir(path_.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return system_failure(path_);
  }
  return Ok{};
}

Status Folder::check() const {
  struct stat found {};
  if (::stat(path_.c_str(), &found) != 0) {
    return system_failure(path_);
  }
  if (!S_ISDIR(found.st_mode)) {
    return fail(Errc::kStorage, path_ + ": is not a directory");
  }
  if (::access(path_.c_str(), R_OK | W_OK | X_OK) != 0) {
    return fail(Errc::kStorage, path_ + ": is not writable: " + std::strerror(errno));
  }
  return Ok{};
}

Result<File> Folder::take_lock() const {
  auto file = File::open_or_make(lock());
  if (!file) {
    return file;
  }
  for (int attempt = 1; ::flock(file->descriptor(), LOCK_EX | LOCK_NB) != 0; ++attempt) {
    if (errno != EWOULDBLOCK) {
      return system_failure(lock());
    }
    if (attempt == kLockAttempts) {
      return fail(Errc::kForbidden,
                  database() + " is in use by another process" + holder_of(file->descriptor()));
    }
    ::usleep(kLockPauseUs);  // It may be is_locked() that has it, for a moment.
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  // Only a hint: a full disk must not keep the daemon from starting.
  if (::ftruncate(file->descriptor(), 0) == 0) {
    [[maybe_unused]] const ssize_t written =
        ::pwrite(file->descriptor(), pid.data(), pid.size(), 0);
  }
  return file;
}

bool Folder::is_locked() const {
  const auto file = File::open(lock(), O_RDONLY);
  return file && ::flock(file->descriptor(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

uint64_t Folder::disk_bytes() const {
  return size_of(database()) + size_of(wal()) + size_of(shm()) + size_of(mark()) + size_of(lock());
}

}  // namespace ringcast::journal
