#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "control.h"
#include "shadow_file.h"

namespace disk_shim {

// Which descriptors are open on files of the bad disk, and the faults that are switched on. One for
// the process, never destroyed: other threads may write until the very end. Any thread.
class Shim {
 public:
  static Shim& get();

  Control& control() { return *control_; }

  // The shadow of what `fd` is open on, or null. It stays for ever.
  ShadowFile* of(int fd);
  void opened(int fd);
  void closing(int fd);

  // To be called while the file still has the name.
  std::optional<std::string> name_at(const char* path) const;
  void removed(const std::string& name);
  void renamed(const std::string& from, const std::string& to);

 private:
  static constexpr int kMaxDescriptors = 1 << 20;

  Shim();
  static bool is_same(ShadowFile* file, const struct stat& facts);
  std::optional<std::string> name_of(std::string_view path) const;
  ShadowFile* enter(const std::string& name, int fd);

  const std::string folder_;
  const std::string shadow_;
  Control own_control_;
  Control* control_ = &own_control_;
  std::mutex mutex_;  // Guards the two below; taken before that of a file.
  std::unordered_map<std::string, ShadowFile*> by_name_;
  std::deque<ShadowFile> known_;
  std::array<std::atomic<ShadowFile*>, kMaxDescriptors> files_{};
};

}  // namespace disk_shim
