#include "file_calls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>

#include "raw.h"
#include "shim.h"

namespace disk_shim {
namespace {

off_t size_of(int fd) {
  struct stat facts {};
  return fstat(fd, &facts) == 0 ? facts.st_size : 0;
}

int fail(int error) {
  errno = error;
  return -1;
}

// A full disk takes what fits into the file as it is, as a short write.
std::optional<size_t> room(int fd, size_t size, off_t offset) {
  const off_t now = size_of(fd);
  if (offset + static_cast<off_t>(size) <= now || !Shim::get().control().strikes(kEnospc)) {
    return size;
  }
  return offset < now ? std::optional(static_cast<size_t>(now - offset)) : std::nullopt;
}

}  // namespace

ssize_t write_file(int fd, const void* data, size_t size, std::optional<off_t> at) {
  ShadowFile* file = size > 0 ? Shim::get().of(fd) : nullptr;
  if (file == nullptr) {
    return at ? raw::pwrite(fd, data, size, *at) : syscall(SYS_write, fd, data, size);
  }
  const std::lock_guard lock(file->mutex);
  if (Shim::get().control().strikes(kEioWrite)) {
    return fail(EIO);
  }
  const bool appends = !at && (fcntl(fd, F_GETFL) & O_APPEND) != 0;
  const off_t offset = at ? *at : appends ? size_of(fd) : lseek(fd, 0, SEEK_CUR);
  const auto fits = room(fd, size, offset);
  if (!fits) {
    return fail(ENOSPC);
  }
  const uint64_t record = file->begin_write(data, *fits, offset);
  const ssize_t wrote =
      at ? raw::pwrite(fd, data, *fits, offset) : syscall(SYS_write, fd, data, *fits);
  if (wrote != static_cast<ssize_t>(*fits)) {
    const int error = errno;
    file->kept(record, wrote > 0 ? static_cast<size_t>(wrote) : 0);
    errno = error;
  }
  return wrote;
}

int truncate_file(int fd, off_t size) {
  ShadowFile* file = Shim::get().of(fd);
  if (file == nullptr) {
    return raw::ftruncate(fd, size);
  }
  const std::lock_guard lock(file->mutex);
  if (Shim::get().control().strikes(kEioWrite)) {
    return fail(EIO);
  }
  file->begin_truncate(size);
  const int result = raw::ftruncate(fd, size);
  if (result != 0) {
    const int error = errno;
    file->drop_last_truncate();
    errno = error;
  }
  return result;
}

int allocate(int fd, int mode, off_t offset, off_t size) {
  ShadowFile* file = Shim::get().of(fd);
  const bool grows = file != nullptr && mode == 0 && offset + size > size_of(fd);
  if (grows && Shim::get().control().strikes(kEnospc)) {
    return fail(ENOSPC);
  }
  const int result = static_cast<int>(syscall(SYS_fallocate, fd, mode, offset, size));
  if (result == 0 && grows) {
    const std::lock_guard lock(file->mutex);
    file->begin_truncate(size_of(fd));
  }
  return result;
}

int sync_file(int fd, long number) {
  ShadowFile* file = Shim::get().of(fd);
  if (file == nullptr) {
    return static_cast<int>(syscall(number, fd));
  }
  Control& control = Shim::get().control();
  control.syncs.fetch_add(1);
  const uint64_t pending_end = [file] {
    const std::lock_guard lock(file->mutex);
    return file->pending_end();
  }();
  if (const uint64_t delay_us = control.sync_delay_us.load(); delay_us > 0) {
    usleep(static_cast<useconds_t>(delay_us));
  }
  const bool strikes = control.strikes(kEioSync);
  const int result = strikes ? fail(EIO) : static_cast<int>(syscall(number, fd));
  const int error = errno;
  const std::lock_guard lock(file->mutex);
  if (result == 0) {
    file->make_durable(pending_end);
  } else if (error != EINTR) {
    file->forget(pending_end);
  }
  errno = error;
  return result;
}

int open_file(int directory, const char* path, int flags, int mode) {
  const int fd = static_cast<int>(syscall(SYS_openat, directory, path, flags & ~O_TRUNC, mode));
  const int error = errno;
  Shim::get().opened(fd);
  // Emptied only now, so that the shadow knows what was there.
  if (fd >= 0 && (flags & O_TRUNC) != 0 && (flags & O_ACCMODE) != O_RDONLY && size_of(fd) > 0) {
    truncate_file(fd, 0);
  }
  errno = error;
  return fd;
}

int unlink_file(const char* path) {
  const auto name = Shim::get().name_at(path);
  const int result = static_cast<int>(syscall(SYS_unlinkat, AT_FDCWD, path, 0));
  if (result == 0 && name) {
    Shim::get().removed(*name);
  }
  return result;
}

int rename_file(const char* from, const char* to) {
  const auto old_name = Shim::get().name_at(from);
  const int result = static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
  if (result == 0 && old_name) {
    if (const auto new_name = Shim::get().name_at(to)) {
      Shim::get().renamed(*old_name, *new_name);
    } else {
      Shim::get().removed(*old_name);
    }
  }
  return result;
}

}  // namespace disk_shim
