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

Failure refused(const std::string& path) {
  return fail(Errc::kStorage, path + ": " + std::strerror(errno));
}

std::string inside(const std::string& folder, std::string_view name) {
  return folder + "/" + std::string(name);
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

Status Folder::check() const {
  struct stat found {};
  if (::stat(path_.c_str(), &found) != 0) {
    return refused(path_);
  }
  if (!S_ISDIR(found.st_mode)) {
    return fail(Errc::kStorage, path_ + ": is not a directory");
  }
  if (::access(path_.c_str(), R_OK | W_OK | X_OK) != 0) {
    return fail(Errc::kStorage, path_ + ": is not writable: " + std::strerror(errno));
  }
  return Ok{};
}

Status Folder::sync() const {
  const int descriptor = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    return refused(path_);
  }
  const bool is_synced = ::fsync(descriptor) == 0;
  const int error = errno;
  ::close(descriptor);
  if (!is_synced) {
    return fail(Errc::kStorage, path_ + ": " + std::strerror(error));
  }
  return Ok{};
}

uint64_t Folder::disk_bytes() const {
  return size_of(database()) + size_of(wal()) + size_of(shm()) + size_of(mark()) + size_of(lock());
}

std::optional<FileIdentity> identity_of(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) {
    return std::nullopt;
  }
  return FileIdentity{.device = found.st_dev, .inode = found.st_ino};
}

uint64_t size_of(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? static_cast<uint64_t>(found.st_size) : 0;
}

FolderLock::~FolderLock() {
  ::close(descriptor_);
}

Result<std::unique_ptr<FolderLock>> FolderLock::take(const Folder& folder) {
  const std::string path = folder.lock();
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (descriptor < 0) {
    return refused(path);
  }
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the constructor is private.
  std::unique_ptr<FolderLock> lock(new FolderLock(descriptor));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return refused(path);
    }
    return fail(Errc::kStorage,
                folder.database() + " is in use by another process" + holder_of(descriptor));
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  // Only a hint: a full disk must not keep the daemon from starting.
  if (::ftruncate(descriptor, 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(descriptor, pid.data(), pid.size(), 0);
  }
  return lock;
}

}  // namespace ringcast::journal
