#include "shim.h"

#include <sys/mman.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "raw.h"

namespace disk_shim {
namespace {

std::string canonical(const char* path) {
  std::array<char, PATH_MAX> resolved{};
  return path != nullptr && ::realpath(path, resolved.data()) != nullptr ? resolved.data() : "";
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

Shim& Shim::get() {
  static Shim* const shim = new Shim;
  return *shim;
}

Shim::Shim()
    : folder_(canonical(std::getenv("DISK_SHIM_DIR"))), shadow_(variable("DISK_SHIM_SHADOW")) {
  const int fd = raw::open(variable("DISK_SHIM_CONTROL").c_str(), O_RDWR);
  if (fd >= 0) {
    void* mapped = mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    control_ = mapped != MAP_FAILED ? static_cast<Control*>(mapped) : &own_control_;
    raw::close(fd);
  }
}

ShadowFile* Shim::of(int fd) {
  if (fd < 0 || fd >= kMaxDescriptors) {
    return nullptr;
  }
  ShadowFile* file = files_[fd].load(std::memory_order_acquire);
  struct stat facts {};
  return file != nullptr && fstat(fd, &facts) == 0 && is_same(file, facts) ? file : nullptr;
}

void Shim::opened(int fd) {
  if (fd < 0 || fd >= kMaxDescriptors || shadow_.empty()) {
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

void Shim::closing(int fd) {
  if (fd >= 0 && fd < kMaxDescriptors) {
    files_[fd].store(nullptr, std::memory_order_release);
  }
}

std::optional<std::string> Shim::name_at(const char* path) const {
  return folder_.empty() ? std::nullopt : name_of(canonical(path));
}

void Shim::removed(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    const std::lock_guard file_lock(found->second->mutex);
    found->second->removed();
    by_name_.erase(found);
  }
}

void Shim::renamed(const std::string& from, const std::string& to) {
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

bool Shim::is_same(ShadowFile* file, const struct stat& facts) {
  const std::lock_guard lock(file->mutex);
  return file->is_same_file(facts.st_dev, facts.st_ino);
}

std::optional<std::string> Shim::name_of(std::string_view path) const {
  if (folder_.empty() || path.size() <= folder_.size() + 1 || !path.starts_with(folder_) ||
      path[folder_.size()] != '/') {
    return std::nullopt;
  }
  const std::string_view name = path.substr(folder_.size() + 1);
  const bool left_out = name.find('/') != std::string_view::npos || name.ends_with("-shm") ||
                        name.ends_with(".lock") || name.ends_with(" (deleted)");
  return left_out ? std::nullopt : std::optional(std::string(name));
}

ShadowFile* Shim::enter(const std::string& name, int fd) {
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

}  // namespace disk_shim
