#include "journal/mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace ringcast::journal {

namespace {

// One sector of any disk: it is written whole or not at all.
constexpr size_t kBytes = 512;
constexpr std::string_view kMarkMagic = "ringcast mark 1\n";
constexpr size_t kSumAt = kBytes - 8;

using Bytes = std::array<char, kBytes>;

uint64_t fnv(const Bytes& bytes) {
  uint64_t sum = 14695981039346656037ULL;
  for (size_t at = 0; at < kSumAt; ++at) {
    sum = (sum ^ static_cast<unsigned char>(bytes[at])) * 1099511628211ULL;
  }
  return sum;
}

// Numbers stand little-endian, 8 bytes each.
void put(Bytes& bytes, size_t at, uint64_t value) {
  for (size_t i = 0; i < 8; ++i) {
    bytes[at + i] = static_cast<char>(value >> (8 * i) & 0xff);
  }
}

uint64_t get(const Bytes& bytes, size_t at) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) {
    value |= uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  }
  return value;
}

Bytes encoded(const MarkRecord& record) {
  Bytes bytes{};
  kMarkMagic.copy(bytes.data(), kMarkMagic.size());
  size_t at = kMarkMagic.size();
  for (const uint64_t value :
       {record.life, record.previous, record.inode, record.last, record.refused_from,
        static_cast<uint64_t>(record.refused_keys_ms)}) {
    put(bytes, at, value);
    at += 8;
  }
  put(bytes, kSumAt, fnv(bytes));
  return bytes;
}

std::optional<MarkRecord> decoded(const Bytes& bytes) {
  if (std::string_view(bytes.data(), kMarkMagic.size()) != kMarkMagic ||
      get(bytes, kSumAt) != fnv(bytes)) {
    return std::nullopt;
  }
  const size_t at = kMarkMagic.size();
  MarkRecord record;
  record.life = get(bytes, at);
  record.previous = get(bytes, at + 8);
  record.inode = get(bytes, at + 16);
  record.last = get(bytes, at + 24);
  record.refused_from = get(bytes, at + 32);
  record.refused_keys_ms = static_cast<int64_t>(get(bytes, at + 40));
  return record;
}

}  // namespace

std::optional<MarkRecord> Mark::read(const std::string& path) {
  const auto file = File::open(path, O_RDONLY);
  Bytes bytes{};
  const bool is_whole = file && ::pread(file->descriptor(), bytes.data(), bytes.size(), 0) ==
                                    static_cast<ssize_t>(kBytes);
  return is_whole ? decoded(bytes) : std::nullopt;
}

Result<Mark> Mark::open(const std::string& path) {
  auto file = File::open_or_make(path);
  if (!file) {
    return std::move(file).failure();
  }
  return Mark(path, std::move(*file));
}

Status Mark::write(const MarkRecord& record) {
  const Bytes bytes = encoded(record);
  errno = ENOSPC;  // What a write that is cut short means.
  if (::pwrite(file_.descriptor(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(kBytes)) {
    return system_failure(path_);
  }
  record_ = record;
  return Ok{};
}

Status Mark::write_synced(const MarkRecord& record) {
  if (auto written = write(record); !written) {
    return written;
  }
  return ::fdatasync(file_.descriptor()) == 0 ? Status(Ok{}) : Status(system_failure(path_));
}

}  // namespace ringcast::journal
