#pragma once

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

// System calls past the functions of the same names that the shim puts in their place.
namespace disk_shim::raw {

inline int open(const char* path, int flags, int mode = 0600) {
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, mode));
}

inline int close(int fd) {
  return static_cast<int>(syscall(SYS_close, fd));
}

inline ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return syscall(SYS_pwrite64, fd, data, size, offset);
}

inline int ftruncate(int fd, off_t size) {
  return static_cast<int>(syscall(SYS_ftruncate, fd, size));
}

// The whole of it, whatever interrupts; false only for a real error.
inline bool write_all(int fd, const void* data, size_t size, off_t offset) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t wrote = pwrite(fd, at, size, offset);
    if (wrote < 0 && errno != EINTR) {
      return false;
    }
    if (wrote > 0) {
      at += wrote;
      offset += wrote;
      size -= static_cast<size_t>(wrote);
    }
  }
  return true;
}

// Up to `size` bytes; fewer only at the end of the file.
inline size_t read_all(int fd, void* data, size_t size, off_t offset) {
  size_t have = 0;
  while (have < size) {
    const ssize_t got = syscall(SYS_pread64, fd, static_cast<char*>(data) + have, size - have,
                                offset + static_cast<off_t>(have));
    if (got == 0 || (got < 0 && errno != EINTR)) {
      break;
    }
    have += got > 0 ? static_cast<size_t>(got) : 0;
  }
  return have;
}

}  // namespace disk_shim::raw
