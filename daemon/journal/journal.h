#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "journal/options.h"
#include "topics/journal.h"

namespace ringcast::journal {

// What an opening depends on beside the files.
struct Surroundings {
  std::string fresh_epoch;  // Taken for a new journal, or one that turns out to be a copy.
  std::string boot_id;      // Of the machine: tells the end of a process from that of the machine.
  uint64_t reserved_step = 1'000'000;  // So far ahead seqs are set aside; less in tests.
};

struct Opened {
  std::unique_ptr<topics::Journal> journal;
  std::vector<std::string> notes;  // For the log: a crash, a copy, a hole.
};

// Opens the journal in the directory `options.path`, or makes one where there is none. The rest is
// read afterwards, through the port. The detail of an error names the file and what is wrong with
// it. kForbidden: another process holds it. kStorageFull: the disk is full. kStorage: no such
// directory, not writable, not a journal, damaged, or of a newer version. Nothing is overwritten
// then.
Result<Opened> open(const Options& options, const Surroundings& surroundings);

}  // namespace ringcast::journal
