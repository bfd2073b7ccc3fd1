// A bad disk under one directory, for a process that is started with LD_PRELOAD=libdisk_shim.so:
// - DISK_SHIM_DIR: the directory. Its own files count, without those of folders in it, and without
//   *-shm and *.lock, which no power cut leaves anything of.
// - DISK_SHIM_SHADOW: another directory, where the shim notes what a power cut would leave
//   (shadow_file.h). Creating, renaming and removing a file is durable at once.
// - DISK_SHIM_CONTROL: a file with the faults that are switched on (control.h).
// Writes through mmap and through descriptors made by dup() are not seen.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "control.h"
#include "raw.h"
#include "shadow_file.h"

namespace disk_shim {
namespace {

constexpr int kMaxDescriptors = 1 << 20;

std::string canonical(const char* path) {
  std::array<char, PATH_MAX> resolved{};
  return path != nullptr && ::realpath(path, resolved.data()) != nullptr ? resolved.data() : "";
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// One for the process, never destroyed: other threads may write until the very end.
class Shim {
 public:
  Shim() : folder_(canonical(std::getenv("DISK_SHIM_DIR"))), shadow_(variable("DISK_SHIM_SHADOW")) {
    const int fd = raw::open(variable("DISK_SHIM_CONTROL").c_str(), O_RDWR);
    if (fd >= 0) {
      void* mapped = mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      control_ = mapped != MAP_FAILED ? static_cast<Control*>(mapped) : &own_control_;
      raw::close(fd);
    }
  }

  Control& control() { return *control_; }

  // The shadow of what `fd` is open on, or null.
  ShadowFile* of(int fd) {
    if (fd < 0 || fd >= kMaxDescriptors) {
      return nullptr;
    }
    ShadowFile* file = files_[fd].load(std::memory_order_acquire);
    struct stat facts {};
    return file != nullptr && fstat(fd, &facts) == 0 && is_same(file, facts) ? file : nullptr;
  }

  void opened(int fd, int flags) {
    if (fd < 0 || fd >= kMaxDescriptors || (flags & O_ACCMODE) == O_RDONLY || shadow_.empty()) {
      return;
    }
    std::array<char, PATH_MAX> path{};
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t length = readlink(link.c_str(), path.data(), path.size());
    if (const auto name = name_of({path.data(), length > 0 ? static_cast<size_t>(length) : 0})) {
      const std::lock_guard lock(mutex_);
      files_[fd].store(enter(*name, fd), std::memory_order_release);
    }
  }

  void closing(int fd) {
    if (fd >= 0 && fd < kMaxDescriptors) {
      files_[fd].store(nullptr, std::memory_order_release);
    }
  }

  // To be called while the file still has the name.
  std::optional<std::string> name_at(const char* path) const {
    return folder_.empty() ? std::nullopt : name_of(canonical(path));
  }

  void removed(const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_name_.find(name); found != by_name_.end()) {
      const std::lock_guard file_lock(found->second->mutex);
      found->second->removed();
      by_name_.erase(found);
    }
  }

  void renamed(const std::string& from, const std::string& to) {
    removed(to);
    const std::lock_guard lock(mutex_);
    if (const auto found = by_name_.find(from); found != by_name_.end()) {
      ShadowFile* file = found->second;
      const std::lock_guard file_lock(file->mutex);
      file->renamed(to);
      by_name_.erase(found);
      by_name_[to] = file;
    }
  }

 private:
  static bool is_same(ShadowFile* file, const struct stat& facts) {
    const std::lock_guard lock(file->mutex);
    return file->is_same_file(facts.st_dev, facts.st_ino);
  }

  std::optional<std::string> name_of(std::string_view path) const {
    if (folder_.empty() || path.size() <= folder_.size() + 1 || !path.starts_with(folder_) ||
        path[folder_.size()] != '/') {
      return std::nullopt;
    }
    const std::string_view name = path.substr(folder_.size() + 1);
    const bool left_out = name.find('/') != std::string_view::npos || name.ends_with("-shm") ||
                          name.ends_with(".lock") || name.ends_with(" (deleted)");
    return left_out ? std::nullopt : std::optional(std::string(name));
  }

  ShadowFile* enter(const std::string& name, int fd) {
    struct stat facts {};
    if (const auto found = by_name_.find(name); found != by_name_.end()) {
      if (fstat(fd, &facts) == 0 && is_same(found->second, facts)) {
        return found->second;
      }
      const std::lock_guard file_lock(found->second->mutex);
      found->second->removed();
    }
    return by_name_[name] = &known_.emplace_back(shadow_, name, fd);
  }

  const std::string folder_;
  const std::string shadow_;
  Control own_control_;
  Control* control_ = &own_control_;
  std::mutex mutex_;  // Guards the two below; taken before that of a file.
  std::unordered_map<std::string, ShadowFile*> by_name_;
  std::deque<ShadowFile> known_;
  std::array<std::atomic<ShadowFile*>, kMaxDescriptors> files_{};
};

Shim& shim() {
  static Shim* const shim = new Shim;
  return *shim;
}

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
  if (offset + static_cast<off_t>(size) <= now || !shim().control().strikes(kEnospc)) {
    return size;
  }
  return offset < now ? std::optional(static_cast<size_t>(now - offset)) : std::nullopt;
}

// Writes at the descriptor's own position when there is no `at`.
ssize_t write_file(int fd, const void* data, size_t size, std::optional<off_t> at) {
  ShadowFile* file = size > 0 ? shim().of(fd) : nullptr;
  if (file == nullptr) {
    return at ? raw::pwrite(fd, data, size, *at) : syscall(SYS_write, fd, data, size);
  }
  const std::lock_guard lock(file->mutex);
  if (shim().control().strikes(kEioWrite)) {
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
  ShadowFile* file = shim().of(fd);
  if (file == nullptr) {
    return raw::ftruncate(fd, size);
  }
  const std::lock_guard lock(file->mutex);
  if (shim().control().strikes(kEioWrite)) {
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
  ShadowFile* file = shim().of(fd);
  const bool grows = file != nullptr && mode == 0 && offset + size > size_of(fd);
  if (grows && shim().control().strikes(kEnospc)) {
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
  ShadowFile* file = shim().of(fd);
  if (file == nullptr) {
    return static_cast<int>(syscall(number, fd));
  }
  Control& control = shim().control();
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
  shim().opened(fd, flags);
  // Emptied only now, so that the shadow knows what was there.
  if (fd >= 0 && (flags & O_TRUNC) != 0 && (flags & O_ACCMODE) != O_RDONLY && size_of(fd) > 0) {
    truncate_file(fd, 0);
  }
  errno = error;
  return fd;
}

int mode_in(va_list arguments, int flags) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, int) : 0;
}

}  // namespace
}  // namespace disk_shim

// What takes the place of the C library's functions.
using disk_shim::allocate;
using disk_shim::open_file;
using disk_shim::shim;
using disk_shim::sync_file;
using disk_shim::truncate_file;
using disk_shim::write_file;

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int mode = disk_shim::mode_in(arguments, flags);
  va_end(arguments);
  return open_file(AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int mode = disk_shim::mode_in(arguments, flags);
  va_end(arguments);
  return open_file(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int mode = disk_shim::mode_in(arguments, flags);
  va_end(arguments);
  return open_file(directory, path, flags, mode);
}

int openat64(int directory, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int mode = disk_shim::mode_in(arguments, flags);
  va_end(arguments);
  return open_file(directory, path, flags, mode);
}

int close(int fd) {
  shim().closing(fd);
  return disk_shim::raw::close(fd);
}

ssize_t write(int fd, const void* data, size_t size) {
  return write_file(fd, data, size, std::nullopt);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return write_file(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return write_file(fd, data, size, offset);
}

// On a file with a shadow, a short write of the first piece; its caller has to expect that.
ssize_t writev(int fd, const struct iovec* pieces, int count) {
  if (shim().of(fd) == nullptr) {
    return syscall(SYS_writev, fd, pieces, count);
  }
  while (count > 1 && pieces->iov_len == 0) {
    ++pieces;
    --count;
  }
  return write_file(fd, pieces->iov_base, pieces->iov_len, std::nullopt);
}

int ftruncate(int fd, off_t size) noexcept {
  return truncate_file(fd, size);
}

int ftruncate64(int fd, off64_t size) noexcept {
  return truncate_file(fd, size);
}

int fallocate(int fd, int mode, off_t offset, off_t size) {
  return allocate(fd, mode, offset, size);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
  return allocate(fd, mode, offset, size);
}

int posix_fallocate(int fd, off_t offset, off_t size) {
  return allocate(fd, 0, offset, size) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off64_t offset, off64_t size) {
  return allocate(fd, 0, offset, size) == 0 ? 0 : errno;
}

int fsync(int fd) {
  return sync_file(fd, SYS_fsync);
}

int fdatasync(int fd) {
  return sync_file(fd, SYS_fdatasync);
}

int unlink(const char* path) noexcept {
  const auto name = shim().name_at(path);
  const int result = static_cast<int>(syscall(SYS_unlinkat, AT_FDCWD, path, 0));
  if (result == 0 && name) {
    shim().removed(*name);
  }
  return result;
}

int rename(const char* from, const char* to) noexcept {
  const auto old_name = shim().name_at(from);
  const int result = static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
  if (result == 0 && old_name) {
    if (const auto new_name = shim().name_at(to)) {
      shim().renamed(*old_name, *new_name);
    } else {
      shim().removed(*old_name);
    }
  }
  return result;
}

}  // extern "C"
