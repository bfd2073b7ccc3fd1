#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"

namespace ringcast::journal {

// Tells a file from another one that took its name.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

// The directory of a journal and the names in it. Any thread.
class Folder {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] std::string database() const;
  [[nodiscard]] std::string wal() const { return database() + "-wal"; }
  [[nodiscard]] std::string shm() const { return database() + "-shm"; }
  [[nodiscard]] std::string mark() const;
  [[nodiscard]] std::string lock() const;

  // Is it a directory that we may write to?
  [[nodiscard]] Status check() const;
  // Makes names that were given or taken away survive a power cut.
  [[nodiscard]] Status sync() const;
  // Of all files together.
  [[nodiscard]] uint64_t disk_bytes() const;

 private:
  std::string path_;
};

// Nothing when there is no such file. Does not open it: closing any descriptor of a database takes
// the locks away that SQLite holds on it in this process.
std::optional<FileIdentity> identity_of(const std::string& path);
// 0 when there is no such file.
uint64_t size_of(const std::string& path);

// Keeps other daemons away while it lives; operators' tools read without it.
class FolderLock {
 public:
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();
  static Result<std::unique_ptr<FolderLock>> take(const Folder& folder);

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace ringcast::journal
