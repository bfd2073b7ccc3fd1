#include "journal/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace ringcast::journal {

File::~File() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

Result<File> File::open(const std::string& path, int flags) {
  File file(::open(path.c_str(), flags | O_CLOEXEC, 0640));
  if (file.descriptor_ < 0) {
    return system_failure(path);
  }
  return file;
}

Result<File> File::open_or_make(const std::string& path, int more_flags) {
  auto file = open(path, O_RDWR | O_CREAT | more_flags);
  struct stat folder {};
  if (file && ::geteuid() == 0 &&
      ::stat(std::filesystem::path(path).parent_path().c_str(), &folder) == 0) {
    // Without the right to give files away, root keeps it.
    [[maybe_unused]] const int given = ::fchown(file->descriptor_, folder.st_uid, folder.st_gid);
  }
  return file;
}

Failure system_failure(const std::string& path) {
  const bool is_full = errno == ENOSPC || errno == EDQUOT;
  return fail(is_full ? Errc::kStorageFull : Errc::kStorage, path + ": " + std::strerror(errno));
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

Status sync_path(const std::string& path) {
  auto file = File::open(path, O_RDONLY);
  if (!file) {
    return std::move(file).failure();
  }
  return ::fsync(file->descriptor()) == 0 ? Status(Ok{}) : Status(system_failure(path));
}

}  // namespace ringcast::journal
