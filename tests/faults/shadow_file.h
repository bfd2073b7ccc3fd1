#pragma once

#include <sys/types.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace disk_shim {

// What a power cut would leave of one file. `<name>.durable` is what was synced; `<name>.log` has
// the writes since then in order, each of which a power cut may keep, tear or lose. Both survive
// the process, so that the test can make the state after the cut, and the next process can go on.
//
// The log: 8 bytes with the offset of the first record that counts, then records: a header, and the
// data of a write. A record is there before its write is made, so that the log never lacks a write
// that the file has. All integers are little-endian.
//
// Every method but the constructor wants `mutex` held.
class ShadowFile {
 public:
  struct Record {
    uint32_t kind;
    uint32_t size;    // Of the data.
    uint64_t offset;  // kTruncate: the new size.
  };
  static constexpr uint32_t kWrite = 1;
  static constexpr uint32_t kTruncate = 2;

  // `fd` is the real file, open; its device and inode tell it from others that get the same number.
  ShadowFile(std::string folder, std::string name, int fd);
  ~ShadowFile();
  ShadowFile(const ShadowFile&) = delete;
  ShadowFile& operator=(const ShadowFile&) = delete;

  // To be called before the write; the answer is what kept() wants after it.
  uint64_t begin_write(const void* data, size_t size, off_t offset);
  void begin_truncate(off_t size);
  // The write that begin_write() announced took only so many bytes; 0 when it failed.
  void kept(uint64_t record, size_t size);
  void drop_last_truncate();

  // A sync makes durable what was pending when it began: its caller notes that first. Counts all
  // bytes that were ever in the log, because another sync may empty it meanwhile.
  uint64_t pending_end() const { return emptied_ + end_; }
  void make_durable(uint64_t end);
  // What was pending is never written: Linux forgets the pages of a failed fsync()
  // (https://lwn.net/Articles/752063/).
  void forget(uint64_t end);

  bool is_same_file(dev_t device, ino_t inode) const {
    return device == device_ && inode == inode_ && !removed_;
  }
  void renamed(const std::string& name);
  void removed();

  std::mutex mutex;

 private:
  std::string path(const char* suffix) const;
  void open_durable(int fd);
  void open_log(int fd);
  void settle_last(uint64_t record, int fd);
  void append(const Record& record, const void* data);
  void advance(uint64_t begin);

  std::string folder_;
  std::string name_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  bool removed_ = false;
  int durable_ = -1;
  int log_ = -1;
  uint64_t begin_ = 0;
  uint64_t end_ = 0;
  uint64_t emptied_ = 0;  // Bytes of records that were in the log before it was emptied.
  std::vector<char> buffer_;
};

}  // namespace disk_shim
