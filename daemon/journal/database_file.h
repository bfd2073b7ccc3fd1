#pragma once

#include <string>

#include "base/result.h"
#include "journal/folder.h"
#include "journal/sqlite.h"

namespace ringcast::journal {

// Makes an empty journal where there is none: complete, or not there at all. It has no mark, so
// that the next daemon starts an epoch of its own. The caller holds the lock.
Status create_when_missing(const Folder& folder, const std::string& epoch);

// A connection to what is proven to be a journal of ours, whole enough to be written to. Nothing
// was changed when it fails.
Result<Database> open_to_write(const Folder& folder);

// The same to look at it, also beside a daemon, within a transaction: all that is read is of one
// moment. Tables may be missing.
Result<Database> open_to_look(const Folder& folder);

}  // namespace ringcast::journal
