#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"
#include "journal/file.h"

namespace ringcast::journal {

// The directory of a journal and the names in it. Any thread.
class Folder {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] std::string database() const;
  [[nodiscard]] std::string wal() const { return database() + "-wal"; }
  [[nodiscard]] std::string shm() const { return database() + "-shm"; }
  [[nodiscard]] std::string mark() const;
  [[nodiscard]] std::string lock() const;

  // Makes the directory, for its owner alone, unless something is there; not those above it.
  [[nodiscard]] Status make_when_missing() const;
  // Is it a directory that we may write to?
  [[nodiscard]] Status check() const;
  // Keeps other writers away for as long as the file is open; who only reads does without.
  // kForbidden when another process has it.
  [[nodiscard]] Result<File> take_lock() const;
  // Does somebody have it?
  [[nodiscard]] bool is_locked() const;
  // Makes names that were given or taken away survive a power cut.
  [[nodiscard]] Status sync() const { return sync_path(path_); }
  // Of all files together.
  [[nodiscard]] uint64_t disk_bytes() const;

 private:
  std::string path_;
};

}  // namespace ringcast::journal
