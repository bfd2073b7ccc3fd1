#include "shadow_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "raw.h"

namespace disk_shim {
namespace {

constexpr uint64_t kLogHeader = 8;
// The kernel writes back what nobody syncs; so does the shim, which bounds the log.
constexpr uint64_t kWriteBackBytes = 64ULL << 20;

// A shim that cannot keep its books would let a test pass that should fail.
void require(bool good, const std::string& what) {
  if (!good) {
    std::perror(("disk_shim: " + what).c_str());
    std::abort();
  }
}

}  // namespace

ShadowFile::ShadowFile(std::string folder, std::string name, int fd)
    : folder_(std::move(folder)), name_(std::move(name)) {
  struct stat facts {};
  require(fstat(fd, &facts) == 0, "fstat");
  device_ = facts.st_dev;
  inode_ = facts.st_ino;
  // The file itself may be open for writing only.
  const int reader = raw::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY);
  require(reader >= 0, "open " + name_ + " for reading");
  open_durable(reader);
  open_log(reader);
  raw::close(reader);
}

ShadowFile::~ShadowFile() {
  raw::close(durable_);
  raw::close(log_);
}

std::string ShadowFile::path(const char* suffix) const {
  return folder_ + "/" + name_ + suffix;
}

void ShadowFile::open_durable(int fd) {
  durable_ = raw::open(path(".durable").c_str(), O_RDWR);
  if (durable_ >= 0) {
    return;
  }
  // Seen for the first time: what is there counts as durable. Under its name only when complete.
  const std::string unfinished = path(".copying");
  durable_ = raw::open(unfinished.c_str(), O_RDWR | O_CREAT | O_TRUNC);
  require(durable_ >= 0, "create " + unfinished);
  buffer_.resize(1 << 16);
  off_t at = 0;
  while (const size_t got = raw::read_all(fd, buffer_.data(), buffer_.size(), at)) {
    require(raw::write_all(durable_, buffer_.data(), got, at), "copy " + name_);
    at += static_cast<off_t>(got);
  }
  unlink(path(".log").c_str());
  require(rename(unfinished.c_str(), path(".durable").c_str()) == 0, "rename " + unfinished);
}

void ShadowFile::open_log(int fd) {
  log_ = raw::open(path(".log").c_str(), O_RDWR | O_CREAT);
  require(log_ >= 0, "open " + path(".log"));
  struct stat facts {};
  require(fstat(log_, &facts) == 0, "fstat");
  const auto size = static_cast<uint64_t>(facts.st_size);
  begin_ = end_ = kLogHeader;
  if (raw::read_all(log_, &begin_, sizeof begin_, 0) < sizeof begin_ || begin_ > size) {
    raw::ftruncate(log_, 0);
    advance(kLogHeader);
    return;
  }
  // A process that was killed may have left half a record, and a record whose write was never made.
  uint64_t last = 0;
  Record record{};
  for (end_ = begin_;
       raw::read_all(log_, &record, sizeof record, static_cast<off_t>(end_)) == sizeof record &&
       end_ + sizeof record + record.size <= size;) {
    last = end_;
    end_ += sizeof record + record.size;
  }
  raw::ftruncate(log_, static_cast<off_t>(end_));
  if (last != 0) {
    settle_last(last, fd);
  }
}

void ShadowFile::settle_last(uint64_t at, int fd) {
  Record record{};
  raw::read_all(log_, &record, sizeof record, static_cast<off_t>(at));
  struct stat facts {};
  require(fstat(fd, &facts) == 0, "fstat");
  if (record.kind == kTruncate) {
    if (static_cast<uint64_t>(facts.st_size) != record.offset) {
      kept(at, 0);
    }
    return;
  }
  buffer_.resize(record.size);
  const size_t there =
      raw::read_all(fd, buffer_.data(), record.size, static_cast<off_t>(record.offset));
  require(raw::write_all(log_, buffer_.data(), there, static_cast<off_t>(at + sizeof record)),
          "settle " + name_);
  kept(at, there);
}

void ShadowFile::append(const Record& record, const void* data) {
  if (end_ - begin_ > kWriteBackBytes) {
    make_durable(pending_end());
  }
  buffer_.resize(sizeof record + record.size);
  std::copy_n(reinterpret_cast<const char*>(&record), sizeof record, buffer_.data());
  std::copy_n(static_cast<const char*>(data), record.size, buffer_.data() + sizeof record);
  require(raw::write_all(log_, buffer_.data(), buffer_.size(), static_cast<off_t>(end_)),
          "log of " + name_);
  end_ += buffer_.size();
}

uint64_t ShadowFile::begin_write(const void* data, size_t size, off_t offset) {
  append({.kind = kWrite,
          .size = static_cast<uint32_t>(size),
          .offset = static_cast<uint64_t>(offset)},
         data);
  return end_ - size - sizeof(Record);
}

void ShadowFile::begin_truncate(off_t size) {
  append({.kind = kTruncate, .size = 0, .offset = static_cast<uint64_t>(size)}, "");
}

void ShadowFile::kept(uint64_t at, size_t size) {
  if (size > 0) {
    const auto shortened = static_cast<uint32_t>(size);
    const off_t where = static_cast<off_t>(at + offsetof(Record, size));
    require(raw::write_all(log_, &shortened, sizeof shortened, where), "log of " + name_);
  }
  end_ = size > 0 ? at + sizeof(Record) + size : at;
  raw::ftruncate(log_, static_cast<off_t>(end_));
}

void ShadowFile::drop_last_truncate() {
  kept(end_ - sizeof(Record), 0);
}

void ShadowFile::make_durable(uint64_t end) {
  Record record{};
  uint64_t begin = begin_;
  while (emptied_ + begin < end) {
    const auto at = static_cast<off_t>(begin);
    require(raw::read_all(log_, &record, sizeof record, at) == sizeof record, "read the log");
    const auto offset = static_cast<off_t>(record.offset);
    if (record.kind == kTruncate) {
      require(raw::ftruncate(durable_, offset) == 0, "truncate " + path(".durable"));
    } else {
      buffer_.resize(record.size);
      const size_t got =
          raw::read_all(log_, buffer_.data(), record.size, at + static_cast<off_t>(sizeof record));
      require(got == record.size && raw::write_all(durable_, buffer_.data(), got, offset),
              "write " + path(".durable"));
    }
    begin += sizeof record + record.size;
  }
  advance(begin);
}

void ShadowFile::forget(uint64_t end) {
  advance(end > emptied_ + begin_ ? end - emptied_ : begin_);
}

// Records before `begin` count no more. The header first: a process killed here leaves a log that
// begins where it ends.
void ShadowFile::advance(uint64_t begin) {
  begin_ = begin;
  require(raw::write_all(log_, &begin_, sizeof begin_, 0), "log of " + name_);
  if (begin_ == end_ && end_ > kLogHeader) {
    raw::ftruncate(log_, kLogHeader);
    emptied_ += end_ - kLogHeader;
    begin_ = end_ = kLogHeader;
    require(raw::write_all(log_, &begin_, sizeof begin_, 0), "log of " + name_);
  }
}

void ShadowFile::renamed(const std::string& name) {
  const std::string durable = path(".durable");
  const std::string log = path(".log");
  name_ = name;
  require(rename(durable.c_str(), path(".durable").c_str()) == 0, "rename " + durable);
  require(rename(log.c_str(), path(".log").c_str()) == 0, "rename " + log);
}

void ShadowFile::removed() {
  removed_ = true;
  unlink(path(".durable").c_str());
  unlink(path(".log").c_str());
}

}  // namespace disk_shim
