// A bad disk under one directory, for a process that is started with LD_PRELOAD=libdisk_shim.so:
// - DISK_SHIM_DIR: the directory. Its own files count, without those of folders in it, and without
//   *-shm and *.lock, which no power cut leaves anything of.
// - DISK_SHIM_SHADOW: another directory, where the shim notes what a power cut would leave
//   (shadow_file.h). Creating, renaming and removing a file is durable at once.
// - DISK_SHIM_CONTROL: a file with the faults that are switched on (control.h).
// Writes through mmap and through descriptors made by dup() are not seen.
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <optional>

#include "file_calls.h"
#include "raw.h"
#include "shim.h"

namespace {

int mode_in(va_list arguments, int flags) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, int) : 0;
}

}  // namespace

// What takes the place of the C library's functions.
extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int mode = mode_in(arguments, flags);
  va_end(arguments);
  return disk_shim::open_file(AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int mode = mode_in(arguments, flags);
  va_end(arguments);
  return disk_shim::open_file(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int mode = mode_in(arguments, flags);
  va_end(arguments);
  return disk_shim::open_file(directory, path, flags, mode);
}

int openat64(int directory, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int mode = mode_in(arguments, flags);
  va_end(arguments);
  return disk_shim::open_file(directory, path, flags, mode);
}

int close(int fd) {
  disk_shim::Shim::get().closing(fd);
  return disk_shim::raw::close(fd);
}

ssize_t write(int fd, const void* data, size_t size) {
  return disk_shim::write_file(fd, data, size, std::nullopt);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return disk_shim::write_file(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return disk_shim::write_file(fd, data, size, offset);
}

// On a file with a shadow, a short write of the first piece; its caller has to expect that.
ssize_t writev(int fd, const struct iovec* pieces, int count) {
  if (disk_shim::Shim::get().of(fd) == nullptr) {
    return syscall(SYS_writev, fd, pieces, count);
  }
  while (count > 1 && pieces->iov_len == 0) {
    ++pieces;
    --count;
  }
  return disk_shim::write_file(fd, pieces->iov_base, pieces->iov_len, std::nullopt);
}

int ftruncate(int fd, off_t size) noexcept {
  return disk_shim::truncate_file(fd, size);
}

int ftruncate64(int fd, off64_t size) noexcept {
  return disk_shim::truncate_file(fd, size);
}

int fallocate(int fd, int mode, off_t offset, off_t size) {
  return disk_shim::allocate(fd, mode, offset, size);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
  return disk_shim::allocate(fd, mode, offset, size);
}

int posix_fallocate(int fd, off_t offset, off_t size) {
  return disk_shim::allocate(fd, 0, offset, size) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off64_t offset, off64_t size) {
  return disk_shim::allocate(fd, 0, offset, size) == 0 ? 0 : errno;
}

int fsync(int fd) {
  return disk_shim::sync_file(fd, SYS_fsync);
}

int fdatasync(int fd) {
  return disk_shim::sync_file(fd, SYS_fdatasync);
}

int unlink(const char* path) noexcept {
  return disk_shim::unlink_file(path);
}

int rename(const char* from, const char* to) noexcept {
  return disk_shim::rename_file(from, to);
}

}  // extern "C"
