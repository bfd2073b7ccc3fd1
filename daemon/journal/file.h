#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"

namespace ringcast::journal {

// An open file, which it closes. Errors: kStorageFull when the disk is, else kStorage.
class File {
 public:
  File() = default;
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~File();

  // `flags` as of open(2), to which O_CLOEXEC is added.
  static Result<File> open(const std::string& path, int flags);
  // Makes it for its owner and group if need be. As root it is given to whom its directory belongs,
  // so that the daemon can open what a tool has made.
  static Result<File> open_or_make(const std::string& path, int more_flags = 0);

  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

// What errno says, as an error of ours.
[[nodiscard]] Failure system_failure(const std::string& path);

// Tells a file from another one that took its name.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

// Nothing when there is no such file. Does not open it: closing any descriptor of a database takes
// the locks away that SQLite holds on it in this process.
std::optional<FileIdentity> identity_of(const std::string& path);
// 0 when there is no such file.
uint64_t size_of(const std::string& path);
// Makes what was written to a file, or happened to the names in a directory, survive a power cut.
Status sync_path(const std::string& path);

}  // namespace ringcast::journal
