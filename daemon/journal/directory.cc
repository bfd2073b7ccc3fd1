#include "journal/directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "journal/schema.h"

namespace ringcast::journal {

namespace {

constexpr mode_t kMode = 0640;

Failure system_failure(const std::string& path) {
  return fail(Errc::kStorage, path + ": " + std::strerror(errno));
}

}  // namespace

std::string path_in(const std::string& directory, std::string_view file) {
  return directory + (directory.ends_with('/') ? "" : "/") + std::string(file);
}

bool file_exists(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0;
}

uint64_t file_size(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
}

Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
  auto fd = open_new_file(directory, kLockFile, false);
  if (!fd) {
    return std::move(fd).failure();
  }
  DirectoryLock lock(*fd);
  if (flock(lock.fd_, LOCK_EX | LOCK_NB) == 0) {
    return lock;
  }
  if (errno == EWOULDBLOCK) {
    return fail(Errc::kForbidden, directory + " is in use: stop its daemon first");
  }
  return system_failure(path_in(directory, kLockFile));
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

bool is_locked(const std::string& directory) {
  const int fd = open(path_in(directory, kLockFile).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return false;
  }
  const bool is_taken = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(fd);
  return is_taken;
}

Result<int> open_new_file(const std::string& directory, std::string_view file, bool exclusively) {
  const std::string path = path_in(directory, file);
  const int fd =
      open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | (exclusively ? O_EXCL : 0), kMode);
  if (fd < 0) {
    return system_failure(path);
  }
  struct stat owner {};
  if (geteuid() == 0 && stat(directory.c_str(), &owner) == 0 && owner.st_uid != 0 &&
      fchown(fd, owner.st_uid, owner.st_gid) != 0) {
    const Failure failure = system_failure(path);
    close(fd);
    return failure;
  }
  return fd;
}

Status sync_directory(const std::string& directory) {
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return system_failure(directory);
  }
  const bool is_synced = fsync(fd) == 0;
  Status status = is_synced ? Status(Ok{}) : Status(system_failure(directory));
  close(fd);
  return status;
}

}  // namespace ringcast::journal
