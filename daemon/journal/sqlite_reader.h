#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "journal/folder.h"
#include "journal/reader_gate.h"
#include "topics/journal.h"

namespace ringcast::journal {

// A reader with a connection of its own to the database that has this identity, which reads only
// while the gate is open. Any thread.
Result<std::unique_ptr<topics::JournalReader>> open_sqlite_reader(const Folder& folder,
                                                                  const FileIdentity& identity,
                                                                  const std::string& epoch,
                                                                  std::shared_ptr<ReaderGate> gate);

}  // namespace ringcast::journal
