#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

// What the tools do with the files of a journal, beside reading the database.
namespace ringcast::journal {

[[nodiscard]] std::string path_in(const std::string& directory, std::string_view file);
[[nodiscard]] bool file_exists(const std::string& path);
[[nodiscard]] uint64_t file_size(const std::string& path);  // 0 when there is none.

// Only one process writes: this is its lock, for as long as it lives.
class DirectoryLock {
 public:
  // kForbidden when somebody else has it, kStorage when the directory takes no lock file.
  static Result<DirectoryLock> take(const std::string& directory);
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

// Does a process hold the lock?
[[nodiscard]] bool is_locked(const std::string& directory);

// Makes an empty file for its owner and group. As root it is given to whom the directory belongs,
// so that the daemon can open what a tool has made.
Result<int> open_new_file(const std::string& directory, std::string_view file, bool exclusively);
// Makes what happened to the names in it safe.
Status sync_directory(const std::string& directory);

}  // namespace ringcast::journal
