#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>

// The calls that a bad disk answers: as the C library's, but with faults, and with shadows of what
// is written. What is not on the bad disk goes straight to the kernel.
namespace disk_shim {

int open_file(int directory, const char* path, int flags, int mode);
// Writes at the descriptor's own position when there is no `at`.
ssize_t write_file(int fd, const void* data, size_t size, std::optional<off_t> at);
int truncate_file(int fd, off_t size);
int allocate(int fd, int mode, off_t offset, off_t size);
// `number` is SYS_fsync or SYS_fdatasync.
int sync_file(int fd, long number);
int unlink_file(const char* path);
int rename_file(const char* from, const char* to);

}  // namespace disk_shim
